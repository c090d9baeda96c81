"""Throttle windows and waits for events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = postgresql.JSON(none_as_null=True, astext_type=sa.Text())
OPEN = sa.text("settled_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "throttle_windows",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("workflow_key", sa.String(), nullable=False),
        sa.Column("step_ref", sa.String(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closes_at", MOMENT, nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("environment_id", "key"),
    )
    op.create_index("throttle_windows_by_end", "throttle_windows", ["environment_id", "closes_at"])
    op.create_table(
        "event_waits",
        sa.Column("recipient_run_id", sa.Uuid(), nullable=False),
        sa.Column("step_ref", sa.String(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.Column("seen", postgresql.ARRAY(sa.TEXT()), server_default="{}", nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("event", JSON, nullable=True),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("recipient_run_id", "step_ref"),
    )
    op.create_index(
        "event_waits_open", "event_waits", ["environment_id", "recipient", "topic"], postgresql_where=OPEN
    )
    op.create_index(
        "event_waits_unchecked", "event_waits", ["environment_id", "checked_at"], postgresql_where=OPEN
    )
    op.create_table(
        "awaited_events",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "awaited_events_by_topic", "awaited_events", ["environment_id", "topic", "recipient", "happened_at"]
    )
    op.create_index("awaited_events_by_time", "awaited_events", ["environment_id", "happened_at"])


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
