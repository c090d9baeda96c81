"""Messages that are sent again by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("retries", "attempts_before"):
        op.add_column("messages", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
