"""What is past retention can be erased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kept = postgresql.JSON(none_as_null=True, astext_type=sa.Text())
    op.add_column("feed_items", sa.Column("kept_activities", kept, nullable=True))
    op.add_column(
        "reconciliations",
        sa.Column("erased", sa.BigInteger(), server_default="0", autoincrement=False, nullable=False),
    )
    op.create_index("batch_windows_taken", "batch_windows", ["environment_id", "taken_at"])
    op.create_index("cancels_by_time", "cancels", ["environment_id", "inserted_at"])


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
