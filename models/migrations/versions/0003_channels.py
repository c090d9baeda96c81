"""Channels of every provider, channel groups, and the development sinks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SINKS = ("email", "in_app_feed", "in_app_guide", "sms", "push", "chat", "http", "in_app")
"""Numbered from one: the last digits of their ids."""

VISIBLE_EVERYWHERE = sa.text("'{workflow,broadcast}'")


def upgrade() -> None:
    op.add_column("channels", sa.Column("description", sa.String(), nullable=True))
    op.add_column("channels", sa.Column("custom_icon_url", sa.String(), nullable=True))
    op.add_column("channels", _visible_in())
    op.drop_constraint("channels_key_key", "channels", type_="unique")
    op.create_index(
        "channels_by_key", "channels", ["key"], unique=True, postgresql_where=sa.text("archived_at IS NULL")
    )
    _create_groups()
    for number, channel_type in enumerate(SINKS, start=1):
        words = channel_type.replace("_", "-")
        op.execute(
            sa.text(
                """
                INSERT INTO channels (id, key, name, type, provider, inserted_at, updated_at)
                VALUES (CAST(:id AS uuid), :key, :name, :type, :provider, now(), now())
                ON CONFLICT DO NOTHING
                """
            ).bindparams(
                id=f"5117c000-0000-4000-8000-{number:012}",
                key=f"sink-{words}",
                name=f"Development sink for {words}",
                type=channel_type,
                provider=f"{channel_type}_sink",
            )
        )


def _create_groups() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "channel_groups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("channel_type", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        _visible_in(),
        sa.Column("inserted_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("archived_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "channel_groups_by_key",
        "channel_groups",
        ["key"],
        unique=True,
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.create_table(
        "channel_group_rules",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("rule_type", sa.String(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("variable", sa.String(), nullable=True),
        sa.Column("operator", sa.String(), nullable=True),
        sa.Column("argument", sa.String(), nullable=True),
        sa.Column("inserted_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["channel_groups.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"]),
        sa.PrimaryKeyConstraint("group_id", "index"),
    )


def _visible_in() -> sa.Column[list[str]]:
    return sa.Column(
        "visible_in", postgresql.ARRAY(sa.TEXT()), server_default=VISIBLE_EVERYWHERE, nullable=False
    )
