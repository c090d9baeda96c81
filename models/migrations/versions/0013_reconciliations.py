"""The reconciler's report."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("rounds", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("healed", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("found", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted", sa.BigInteger(), server_default="0", autoincrement=False, nullable=False),
        sa.Column("open", sa.BigInteger(), server_default="0", autoincrement=False, nullable=False),
        sa.Column("unexplained", sa.BigInteger(), server_default="0", autoincrement=False, nullable=False),
        sa.Column("running", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("unanswered", sa.BigInteger(), server_default="0", autoincrement=False, nullable=False),
        sa.Column("fanning_out", sa.BigInteger(), server_default="0", autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("environment_id"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
