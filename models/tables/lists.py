"""Indexes by which lists of messages and runs find what is rare without reading what is not."""

from sqlalchemy import Index, text

UNUSUAL = "status IN ('undelivered', 'bounced', 'delivery_attempted', 'queued', 'not_sent')"
"""Few messages are so for long: lists of them have an index of their own."""
MARKED = (
    "seen_at IS NOT NULL OR read_at IS NOT NULL OR interacted_at IS NOT NULL"
    " OR link_clicked_at IS NOT NULL OR archived_at IS NOT NULL"
)

LISTS_OF_MESSAGES = (
    Index("messages_by_workflow", "environment_id", "workflow_key", "inserted_at", "id"),
    Index("messages_by_tenant", "environment_id", "tenant_id", "inserted_at", "id"),
    Index("messages_by_channel", "environment_id", "channel_id", "inserted_at", "id"),
    Index(
        "messages_by_category",
        "workflow_categories",
        postgresql_using="gin",
        postgresql_where=text("workflow_categories <> '{}'"),
    ),
    Index(
        "messages_unusual",
        "environment_id",
        "status",
        "inserted_at",
        "id",
        postgresql_where=text(UNUSUAL),
    ),
    Index("messages_marked", "environment_id", "inserted_at", "id", postgresql_where=text(MARKED)),
)
LISTS_OF_RUNS = (
    Index("recipient_runs_by_workflow", "environment_id", "workflow_key", "inserted_at", "id"),
    Index(
        "recipient_runs_by_tenant",
        "environment_id",
        "tenant_id",
        "inserted_at",
        "id",
        postgresql_where=text("tenant_id IS NOT NULL"),
    ),
    Index(
        "recipient_runs_cancelled",
        "environment_id",
        "inserted_at",
        "id",
        postgresql_where=text("status = 'cancelled'"),
    ),
    Index(
        "recipient_runs_with_errors",
        "environment_id",
        "inserted_at",
        "id",
        postgresql_where=text("error_count > 0"),
    ),
)
