"""The configuration plane: variables, keys, accounts, webhook endpoints, tags, categories, schemas."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSONB = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())

# Variables were rows of one environment each; now they are the account's, and those rows their overrides.
MOVE = """
    INSERT INTO variables (key, type, inserted_at, updated_at)
    SELECT key, 'public', min(updated_at), max(updated_at) FROM variable_overrides GROUP BY key
"""


def upgrade() -> None:
    _create_account()
    _create_variables()
    _create_credentials()
    _create_webhook_endpoints()
    _create_catalogues()


def _create_account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("translations_enabled", sa.Boolean(), nullable=False),
        sa.Column("branding", JSONB, nullable=False),
        sa.Column("inserted_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("id = 1", name="account_is_one"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(
        "INSERT INTO account VALUES (1, 'Tocsin', 'tocsin', 'Etc/UTC', 'en', true, '{}', now(), now())"
    )
    op.create_table(
        "preference_defaults",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("preference_set", JSONB, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("environment_id"),
    )


def _create_variables() -> None:
    op.rename_table("variables", "variable_overrides")
    op.execute("ALTER INDEX variables_pkey RENAME TO variable_overrides_pkey")
    op.create_table(
        "variables",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("inserted_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.execute(MOVE)
    op.alter_column("variable_overrides", "value", nullable=True)
    op.add_column("variable_overrides", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.create_foreign_key(None, "variable_overrides", "variables", ["key"], ["key"], ondelete="CASCADE")


def _create_credentials() -> None:
    op.add_column("api_keys", sa.Column("name", sa.String(), nullable=True))
    op.add_column("api_keys", sa.Column("is_exchanged", sa.Boolean(), server_default="false", nullable=False))
    op.add_column(
        "environments",
        sa.Column("enhanced_security", sa.Boolean(), server_default="false", nullable=False),
    )
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("inserted_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("signing_keys_by_environment", "signing_keys", ["environment_id"])


def _create_webhook_endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("events", postgresql.ARRAY(sa.TEXT()), server_default="{}", nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("signing_secret", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("inserted_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("environment_id", "key"),
    )


def _create_catalogues() -> None:
    op.create_table(
        "tags",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("color", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("inserted_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "preference_categories",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("archived_at", MOMENT, nullable=True),
        sa.Column("inserted_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "item_properties",
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("collection", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("item_type", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("preview_text", sa.String(), nullable=True),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("inserted_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["environment_id"], ["environments.id"]),
        sa.PrimaryKeyConstraint("environment_id", "item", "collection", "key"),
    )


def downgrade() -> None:
    raise NotImplementedError("overrides and secrets cannot be put back into single values; restore a backup")
