"""Lists of messages and runs find what is rare without reading what is not."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UNUSUAL = "status IN ('undelivered', 'bounced', 'delivery_attempted', 'queued', 'not_sent')"
MARKED = (
    "seen_at IS NOT NULL OR read_at IS NOT NULL OR interacted_at IS NOT NULL"
    " OR link_clicked_at IS NOT NULL OR archived_at IS NOT NULL"
)
TIME = ["inserted_at", "id"]


def upgrade() -> None:
    op.create_index("messages_by_workflow", "messages", ["environment_id", "workflow_key", *TIME])
    op.create_index("messages_by_tenant", "messages", ["environment_id", "tenant_id", *TIME])
    op.create_index("messages_by_channel", "messages", ["environment_id", "channel_id", *TIME])
    op.create_index(
        "messages_by_category",
        "messages",
        ["workflow_categories"],
        postgresql_using="gin",
        postgresql_where=sa.text("workflow_categories <> '{}'"),
    )
    op.create_index(
        "messages_unusual",
        "messages",
        ["environment_id", "status", *TIME],
        postgresql_where=sa.text(UNUSUAL),
    )
    op.create_index(
        "messages_marked", "messages", ["environment_id", *TIME], postgresql_where=sa.text(MARKED)
    )
    op.create_index("recipient_runs_by_workflow", "recipient_runs", ["environment_id", "workflow_key", *TIME])
    op.create_index(
        "recipient_runs_by_tenant",
        "recipient_runs",
        ["environment_id", "tenant_id", *TIME],
        postgresql_where=sa.text("tenant_id IS NOT NULL"),
    )
    op.create_index(
        "recipient_runs_cancelled",
        "recipient_runs",
        ["environment_id", *TIME],
        postgresql_where=sa.text("status = 'cancelled'"),
    )
    op.create_index(
        "recipient_runs_with_errors",
        "recipient_runs",
        ["environment_id", *TIME],
        postgresql_where=sa.text("error_count > 0"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
