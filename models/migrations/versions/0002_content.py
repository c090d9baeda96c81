"""Content as code: resources, their versions, commits and branches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


# Workflows of the first release become resources; each of their versions was one commit.
MOVE = (
    """
    INSERT INTO resources (environment_id, type, key, draft, current_version_id, active, archived_at,
                           inserted_at, updated_at)
    SELECT environment_id, 'workflow', key, draft, current_version_id, active, deleted_at,
           inserted_at, updated_at
    FROM workflows
    """,
    """
    INSERT INTO resource_versions (id, environment_id, type, key, number, content_hash, content, compiled,
                                   inserted_at, archived_at)
    SELECT id, environment_id, 'workflow', workflow_key, number, content_hash, definition,
           jsonb_build_object('plan', plan), inserted_at,
           (SELECT w.deleted_at FROM workflows w
            WHERE w.environment_id = o.environment_id AND w.key = o.workflow_key)
    FROM workflow_versions o
    """,
    """
    INSERT INTO commits (id, environment_id, number, type, key, version_id, previous_version_id, message,
                         author_email, inserted_at, origin_environment_id, origin_number)
    SELECT uuidv7(), environment_id, place, 'workflow', workflow_key, id, previous_id, commit_message,
           'before-commits@tocsin.invalid', inserted_at, environment_id, place
    FROM (
        SELECT *,
               row_number() OVER (PARTITION BY environment_id
                                  ORDER BY inserted_at, workflow_key, number) AS place,
               lag(id) OVER (PARTITION BY environment_id, workflow_key ORDER BY number) AS previous_id
        FROM workflow_versions
    ) placed
    """,
    """
    UPDATE environments e
    SET commit_number = (SELECT count(*) FROM commits c WHERE c.environment_id = e.id)
    """,
)


def upgrade() -> None:
    op.drop_constraint("environments_slug_key", "environments", type_="unique")
    op.add_column("environments", sa.Column("branch_of", sa.Uuid(), nullable=True))
    op.create_foreign_key(None, "environments", "environments", ["branch_of"], ["id"])
    op.add_column(
        "environments", sa.Column("commit_number", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("environments", sa.Column("label_color", sa.String(), nullable=True))
    op.add_column(
        "environments", sa.Column("hide_pii_data", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column(
        "environments",
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    op.add_column("environments", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "environments_by_slug",
        "environments",
        ["slug"],
        unique=True,
        postgresql_where=sa.text("branch_of IS NULL AND deleted_at IS NULL"),
    )
    op.create_index(
        "branches_by_slug",
        "environments",
        ["branch_of", "slug"],
        unique=True,
        postgresql_where=sa.text("branch_of IS NOT NULL AND deleted_at IS NULL"),
    )
    _create_tables()
    for statement in MOVE:
        op.execute(statement)
    op.drop_table("workflow_versions")
    op.drop_table("workflows")


def _create_tables() -> None:
    json = postgresql.JSON(none_as_null=True, astext_type=sa.Text())
    jsonb = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "resources",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("draft", json, nullable=True),
        sa.Column("current_version_id", sa.Uuid(), nullable=True),
        sa.Column("base_version_id", sa.Uuid(), nullable=True),
        sa.Column("synced_version_id", sa.Uuid(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("active_from", moment, nullable=True),
        sa.Column("active_until", moment, nullable=True),
        sa.Column("archived_at", moment, nullable=True),
        sa.Column("inserted_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("environment_id", "type", "key"),
    )
    op.create_table(
        "resource_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("content", json, nullable=False),
        sa.Column("compiled", jsonb, nullable=False),
        sa.Column("archived_at", moment, nullable=True),
        sa.Column("inserted_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["environment_id", "type", "key"],
            ["resources.environment_id", "resources.type", "resources.key"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("environment_id", "type", "key", "number"),
    )
    op.create_table(
        "commits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("previous_version_id", sa.Uuid(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("is_empty", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("reverts_commit_id", sa.Uuid(), nullable=True),
        sa.Column("source_commit_id", sa.Uuid(), nullable=True),
        sa.Column("source_environment_id", sa.Uuid(), nullable=True),
        sa.Column("source_number", sa.BigInteger(), nullable=True),
        sa.Column("origin_environment_id", sa.Uuid(), nullable=False),
        sa.Column("origin_number", sa.BigInteger(), nullable=False),
        sa.Column("author_name", sa.String(), nullable=True),
        sa.Column("author_email", sa.String(), nullable=False),
        sa.Column("inserted_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("environment_id", "number"),
    )
    op.create_index("commits_by_resource", "commits", ["environment_id", "type", "key", "number"])
    op.create_index("commits_by_source", "commits", ["source_commit_id"])


def downgrade() -> None:
    raise NotImplementedError("a commit log cannot be put back into single workflows; restore a backup")
