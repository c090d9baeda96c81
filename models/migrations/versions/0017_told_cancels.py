"""When a run that a cancel applies to was told of it again."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a default: Postgres writes it down once, whatever number of rows there is.
    op.add_column("recipient_runs", sa.Column("cancel_told_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
