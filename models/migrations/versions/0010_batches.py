"""Batch windows of every mode."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batch_windows", sa.Column("leader_run_id", sa.Uuid(), nullable=True))
    op.add_column("batch_windows", sa.Column("spent_cancel", sa.BigInteger(), nullable=True))
    op.add_column("batch_windows", sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE batch_windows SET taken_at = closed_at")
    op.drop_index("batch_windows_due", "batch_windows")
    op.create_index(
        "batch_windows_due", "batch_windows", ["closes_at"], postgresql_where=sa.text("taken_at IS NULL")
    )


def downgrade() -> None:
    raise NotImplementedError("windows of the new modes cannot be told from fixed ones; restore a backup")
