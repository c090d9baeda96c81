"""Channel data and preference sets of recipients; bulk operations; a bound on what recipients store."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MERGE_WITHIN = """
CREATE FUNCTION merge_within(stored jsonb, given jsonb, most int) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(merged::text) > most THEN stored ELSE merged END
    FROM (SELECT deep_merge(stored, given) AS merged) AS m
$$
"""


def upgrade() -> None:
    op.execute(MERGE_WITHIN)
    op.create_index("recipients_by_time", "recipients", ["environment_id", "collection", "inserted_at", "id"])
    _create_of_recipient("channel_data", sa.Column("channel_id", sa.Uuid(), nullable=False), "data")
    _create_of_recipient(
        "preference_sets", sa.Column("set_id", sa.String(), nullable=False), "preference_set"
    )
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "bulk_operations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("estimated_total_rows", sa.Integer(), nullable=False),
        sa.Column("processed_rows", sa.Integer(), nullable=False),
        sa.Column("success_count", sa.Integer(), nullable=False),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("error_items", _document(), nullable=False),
        sa.Column("inserted_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("started_at", moment, nullable=True),
        sa.Column("completed_at", moment, nullable=True),
        sa.Column("failed_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("id"),
    )


def _create_of_recipient(table: str, key: sa.Column[object], content: str) -> None:
    op.create_table(
        table,
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("collection", sa.String(), nullable=False),
        sa.Column("recipient_id", sa.String(), nullable=False),
        key,
        sa.Column(content, _document(), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("environment_id", "collection", "recipient_id", key.name),
    )


def _document() -> postgresql.JSONB:
    return postgresql.JSONB(none_as_null=True, astext_type=sa.Text())


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
