"""Schedules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = postgresql.JSON(none_as_null=True, astext_type=sa.Text())
JSONB = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())


def upgrade() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("workflow_key", sa.String(), nullable=False),
        sa.Column("recipient_collection", sa.String(), nullable=False),
        sa.Column("recipient_id", sa.String(), nullable=False),
        sa.Column("actor_collection", sa.String(), nullable=True),
        sa.Column("actor_id", sa.String(), nullable=True),
        sa.Column("tenant_id", sa.String(), nullable=True),
        sa.Column("data", JSON, nullable=False),
        sa.Column("repeats", JSONB, nullable=False),
        sa.Column("anchors", JSONB, nullable=False),
        sa.Column("scheduled_at", MOMENT, nullable=True),
        sa.Column("ending_at", MOMENT, nullable=True),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("counted_from", MOMENT, nullable=False),
        sa.Column("next_occurrence_at", MOMENT, nullable=True),
        sa.Column("last_occurrence_at", MOMENT, nullable=True),
        sa.Column("firing_at", MOMENT, nullable=True),
        sa.Column("skipped_at", MOMENT, nullable=True),
        sa.Column("skip_reason", sa.String(), nullable=True),
        sa.Column("checked_at", MOMENT, nullable=True),
        sa.Column("inserted_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "schedules_by_workflow", "schedules", ["environment_id", "workflow_key", "inserted_at", "id"]
    )
    op.create_index(
        "schedules_by_recipient", "schedules", ["environment_id", "recipient_collection", "recipient_id"]
    )
    op.create_index(
        "schedules_awake",
        "schedules",
        ["environment_id", "checked_at"],
        postgresql_where=sa.text("next_occurrence_at IS NOT NULL OR firing_at IS NOT NULL"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
