"""The walking engine."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


PARTITIONED = ["run_events", "message_events", "delivery_logs"]

# The order in which triggers and cancels were accepted; a cancel stops what has a lower number.
ACCEPTANCE = "CREATE SEQUENCE acceptance AS bigint"

# Objects merge key by key, everything else is replaced (E-TRIGGER-11).
DEEP_MERGE = """
CREATE FUNCTION deep_merge(stored jsonb, given jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN jsonb_typeof(stored) = 'object' AND jsonb_typeof(given) = 'object' THEN (
            SELECT coalesce(jsonb_object_agg(key, CASE
                WHEN s.value IS NULL THEN g.value
                WHEN g.value IS NULL THEN s.value
                ELSE deep_merge(s.value, g.value)
            END), '{}'::jsonb)
            FROM jsonb_each(stored) AS s FULL JOIN jsonb_each(given) AS g USING (key)
        )
        ELSE given
    END
$$
"""


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "delivery_logs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("service_name", sa.String(), nullable=False),
        sa.Column("request", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("response", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", "inserted_at"),
        postgresql_partition_by="RANGE (inserted_at)",
    )
    op.create_index("delivery_logs_by_message", "delivery_logs", ["message_id"], unique=False)
    op.create_table(
        "environments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "feed_counters",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), server_default="0", autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "channel_id", "user_id"),
    )
    op.create_table(
        "message_events",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", "inserted_at"),
        postgresql_partition_by="RANGE (inserted_at)",
    )
    op.create_index("message_events_by_message", "message_events", ["message_id"], unique=False)
    op.create_table(
        "run_events",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_run_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("step_ref", sa.String(), nullable=True),
        sa.Column("step_type", sa.String(), nullable=True),
        sa.Column("data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", "inserted_at"),
        postgresql_partition_by="RANGE (inserted_at)",
    )
    op.create_index("run_events_by_run", "run_events", ["recipient_run_id"], unique=False)
    op.create_table(
        "step_ledger",
        sa.Column("recipient_run_id", sa.Uuid(), nullable=False),
        sa.Column("step_ref", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("answer", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("recipient_run_id", "step_ref", "phase"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("is_development", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "batch_windows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("workflow_key", sa.String(), nullable=False),
        sa.Column("workflow_version_id", sa.Uuid(), nullable=False),
        sa.Column("step_ref", sa.String(), nullable=False),
        sa.Column("owner_run_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.String(), nullable=True),
        sa.Column("member_count", sa.Integer(), nullable=False),
        sa.Column("total_activities", sa.Integer(), nullable=True),
        sa.Column("total_actors", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "batch_windows_due",
        "batch_windows",
        ["closes_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "batch_windows_open",
        "batch_windows",
        ["environment_id", "key"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "cancels",
        sa.Column("acceptance", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_key", sa.String(), nullable=False),
        sa.Column("cancellation_key", sa.String(), nullable=False),
        sa.Column("recipients", postgresql.ARRAY(sa.TEXT()), nullable=True),
        sa.Column("api_key_id", sa.Uuid(), nullable=True),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
        ),
        sa.PrimaryKeyConstraint("acceptance"),
    )
    op.create_index(
        "cancels_by_key", "cancels", ["environment_id", "workflow_key", "cancellation_key"], unique=False
    )
    op.create_table(
        "channel_settings",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("is_sandbox", sa.Boolean(), nullable=False),
        sa.Column("conditions", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column(
            "channel_settings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("provider_settings", sa.LargeBinary(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
        ),
        sa.PrimaryKeyConstraint("channel_id", "environment_id"),
    )
    op.create_table(
        "feed_items",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=True),
        sa.Column("workflow_key", sa.String(), nullable=False),
        sa.Column("workflow_version_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_categories", postgresql.ARRAY(sa.TEXT()), server_default="{}", nullable=False),
        sa.Column("recipient_run_id", sa.Uuid(), nullable=False),
        sa.Column("window_id", sa.Uuid(), nullable=True),
        sa.Column("actors", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("total_actors", sa.Integer(), nullable=False),
        sa.Column("total_activities", sa.Integer(), nullable=False),
        sa.Column("data", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("blocks", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("interacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("link_clicked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
        ),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index(
        "feed_items_in_order",
        "feed_items",
        ["environment_id", "channel_id", "user_id", "position"],
        unique=True,
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_collection", sa.String(), nullable=False),
        sa.Column("recipient_id", sa.String(), nullable=False),
        sa.Column(
            "recipient_snapshot", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("actors", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=True),
        sa.Column("data", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("source_type", sa.String(), nullable=False),
        sa.Column("workflow_key", sa.String(), nullable=False),
        sa.Column("workflow_version_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_categories", postgresql.ARRAY(sa.TEXT()), server_default="{}", nullable=False),
        sa.Column("step_ref", sa.String(), nullable=False),
        sa.Column("workflow_run_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_run_id", sa.Uuid(), nullable=False),
        sa.Column("window_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("sending", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("provider_reference", sa.String(), nullable=True),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("interacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("link_clicked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "messages_by_recipient",
        "messages",
        ["environment_id", "recipient_collection", "recipient_id", "inserted_at"],
        unique=False,
    )
    op.create_index("messages_by_run", "messages", ["recipient_run_id"], unique=False)
    op.create_index("messages_by_time", "messages", ["environment_id", "inserted_at", "id"], unique=False)
    op.create_index("messages_by_trigger", "messages", ["workflow_run_id"], unique=False)
    op.create_index(
        "messages_unsettled",
        "messages",
        ["inserted_at"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "recipients",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("collection", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("properties", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
        ),
        sa.PrimaryKeyConstraint("environment_id", "collection", "id"),
    )
    op.create_table(
        "triggers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_key", sa.String(), nullable=False),
        sa.Column("workflow_version_id", sa.Uuid(), nullable=False),
        sa.Column("acceptance", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("data", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("recipients", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("actor_collection", sa.String(), nullable=True),
        sa.Column("actor_id", sa.String(), nullable=True),
        sa.Column("tenant_id", sa.String(), nullable=True),
        sa.Column("cancellation_key", sa.String(), nullable=True),
        sa.Column("settings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("fan_out", sa.String(), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("request_hash", sa.LargeBinary(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "triggers_idempotency",
        "triggers",
        ["environment_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index(
        "triggers_unanswered",
        "triggers",
        ["inserted_at"],
        unique=False,
        postgresql_where=sa.text("answered_at IS NULL AND retired_at IS NULL"),
    )
    op.create_index(
        "triggers_unfinished_fan_out",
        "triggers",
        ["inserted_at"],
        unique=False,
        postgresql_where=sa.text("fan_out = 'pending'"),
    )
    op.create_table(
        "variables",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
        ),
        sa.PrimaryKeyConstraint("environment_id", "key"),
    )
    op.create_table(
        "workflows",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("current_version_id", sa.Uuid(), nullable=True),
        sa.Column("draft", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
        ),
        sa.PrimaryKeyConstraint("environment_id", "key"),
    )
    op.create_table(
        "batch_members",
        sa.Column("window_id", sa.Uuid(), nullable=False),
        sa.Column("acceptance", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recipient_run_id", sa.Uuid(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["window_id"],
            ["batch_windows.id"],
        ),
        sa.PrimaryKeyConstraint("window_id", "acceptance", "recipient_run_id"),
    )
    op.create_index("batch_members_by_run", "batch_members", ["recipient_run_id"], unique=False)
    op.create_table(
        "delivery_attempts",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("receipt", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
        ),
        sa.PrimaryKeyConstraint("message_id", "attempt"),
    )
    op.create_table(
        "recipient_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_run_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_key", sa.String(), nullable=False),
        sa.Column("workflow_version_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_collection", sa.String(), nullable=False),
        sa.Column("recipient_id", sa.String(), nullable=False),
        sa.Column("actor_collection", sa.String(), nullable=True),
        sa.Column("actor_id", sa.String(), nullable=True),
        sa.Column("tenant_id", sa.String(), nullable=True),
        sa.Column("cancellation_key", sa.String(), nullable=True),
        sa.Column("acceptance", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("trigger_source", sa.String(), nullable=False),
        sa.Column("trigger_data", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("data", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("activity_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("outcome_reason", sa.String(), nullable=True),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("window_id", sa.Uuid(), nullable=True),
        sa.Column("cancel_spent", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("resume_window_id", sa.Uuid(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"],
            ["environments.id"],
        ),
        sa.ForeignKeyConstraint(
            ["workflow_run_id"],
            ["triggers.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "recipient_runs_by_recipient",
        "recipient_runs",
        ["environment_id", "recipient_collection", "recipient_id"],
        unique=False,
    )
    op.create_index(
        "recipient_runs_by_time", "recipient_runs", ["environment_id", "inserted_at", "id"], unique=False
    )
    op.create_index("recipient_runs_by_trigger", "recipient_runs", ["workflow_run_id"], unique=False)
    op.create_index(
        "recipient_runs_cancellable",
        "recipient_runs",
        ["environment_id", "workflow_key", "cancellation_key"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NULL AND cancellation_key IS NOT NULL"),
    )
    op.create_index(
        "recipient_runs_open",
        "recipient_runs",
        ["environment_id", "checked_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "workflow_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_key", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("definition", postgresql.JSON(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("plan", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("commit_message", sa.String(), nullable=True),
        sa.Column("inserted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id", "workflow_key"],
            ["workflows.environment_id", "workflows.key"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("environment_id", "workflow_key", "number"),
    )

    op.execute(ACCEPTANCE)
    op.execute(DEEP_MERGE)
    for table in PARTITIONED:
        # What no dated partition claims lands here, e.g. rows written in virtual time.
        op.execute(f"CREATE TABLE {table}_p_default PARTITION OF {table} DEFAULT")


def downgrade() -> None:
    raise NotImplementedError("the first version has nothing before it; drop the database instead")
