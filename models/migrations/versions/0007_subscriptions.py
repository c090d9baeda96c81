"""Subscriptions, and what a trigger carries besides."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSONB = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())


def upgrade() -> None:
    _create_subscriptions()
    _create_first_runs()
    op.add_column("triggers", sa.Column("depth", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("triggers", sa.Column("schedule_id", sa.Uuid(), nullable=True))
    op.add_column("triggers", sa.Column("expands", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("recipient_runs", sa.Column("subscription", JSONB, nullable=True))


def _create_subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("object_collection", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("recipient_collection", sa.String(), nullable=False),
        sa.Column("recipient_id", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("properties", JSONB, nullable=True),
        sa.Column("inserted_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint(
            "environment_id", "object_collection", "object_id", "recipient_collection", "recipient_id"
        ),
    )
    op.create_index(
        "subscriptions_of_object",
        "subscriptions",
        ["environment_id", "object_collection", "object_id", "inserted_at", "id"],
    )
    op.create_index(
        "subscriptions_of_recipient",
        "subscriptions",
        ["environment_id", "recipient_collection", "recipient_id", "inserted_at", "id"],
    )
    op.create_index(
        "subscriptions_of_objects_to_object",
        "subscriptions",
        ["environment_id", "object_collection", "object_id", "recipient_collection", "recipient_id"],
        postgresql_where=sa.text("recipient_collection <> '$users'"),
    )


def _create_first_runs() -> None:
    op.create_table(
        "first_runs",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_key", sa.String(), nullable=False),
        sa.Column("recipient_collection", sa.String(), nullable=False),
        sa.Column("recipient_id", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("recipient_run_id", sa.Uuid(), nullable=False),
        sa.Column("inserted_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint(
            "environment_id", "workflow_key", "recipient_collection", "recipient_id", "scope"
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
