"""Members of static audiences."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audience_members",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("audience_key", sa.String(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("environment_id", "user_id", "audience_key", "tenant_id"),
    )
    op.create_index(
        "audience_members_by_time",
        "audience_members",
        ["environment_id", "audience_key", "inserted_at", "user_id", "tenant_id"],
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
