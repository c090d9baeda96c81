"""Channels: one id across environments, settings for each of them (E-CHANNEL-2)."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import document, moment, sealed, visibility
from models.values.development import ENVIRONMENT
from models.values.providers import SINK_IDS, WITHOUT_SETTINGS


class Channel(SQLModel, table=True):
    """A configured provider, of the whole account; the key of an archived one may be used again."""

    __tablename__ = "channels"
    __table_args__ = (
        Index("channels_by_key", "key", unique=True, postgresql_where=text("archived_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    key: str
    name: str
    type: str
    provider: str
    description: str | None = None
    custom_icon_url: str | None = None
    visible_in: list[str] = visibility()
    inserted_at: datetime = moment()
    updated_at: datetime = moment()
    archived_at: datetime | None = moment(nullable=True)


class ChannelSettings(SQLModel, table=True):
    """How one environment uses a channel; unversioned, effective at once."""

    __tablename__ = "channel_settings"

    channel_id: UUID = Field(primary_key=True, foreign_key="channels.id")
    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    is_sandbox: bool = False
    conditions: dict[str, Any] | None = document(nullable=True)
    channel_settings: dict[str, Any] = document()
    provider_settings: bytes | None = sealed()
    updated_at: datetime = moment()


# A sink works in development only; whoever needs no settings, everywhere.
WORKS_HERE: LiteralString = """
    CASE WHEN c.provider = ANY(%(sinks)s)
         THEN EXISTS (SELECT FROM environments e WHERE e.id = %(environment_id)s AND e.slug = %(development)s)
         ELSE s.channel_id IS NOT NULL OR c.provider = ANY(%(without_settings)s)
    END
"""
"""Whether the channel `c`, whose settings are `s`, may be used in an environment; see `channel_values`."""
_FROM: LiteralString = """
    FROM channels c LEFT JOIN channel_settings s
         ON s.channel_id = c.id AND s.environment_id = %(environment_id)s
"""


async def find_channel(connection: Connection, environment_id: UUID, key: str) -> DictRow | None:
    """A channel with this environment's settings, or None where it is not configured."""
    cursor = await connection.execute(
        f"""
        SELECT c.id, c.key, c.name, c.type, c.provider, coalesce(s.is_sandbox, false) AS is_sandbox,
               s.conditions, coalesce(s.channel_settings, '{{}}') AS channel_settings
        {_FROM} WHERE c.key = %(key)s AND c.archived_at IS NULL AND {WORKS_HERE}
        """,
        channel_values(environment_id, key=key),
    )
    return await cursor.fetchone()


async def find_provider(connection: Connection, environment_id: UUID, channel_id: UUID) -> DictRow | None:
    """A channel's provider with its sealed settings in this environment."""
    cursor = await connection.execute(
        f"""
        SELECT c.id, c.key, c.type, c.provider, s.provider_settings
        {_FROM} WHERE c.id = %(id)s AND c.archived_at IS NULL AND {WORKS_HERE}
        """,
        channel_values(environment_id, id=channel_id),
    )
    return await cursor.fetchone()


async def has_key(connection: Connection, key: str) -> bool:
    """Whether the account has a channel or a channel group of this key, configured here or not."""
    cursor = await connection.execute(
        """
        SELECT EXISTS (SELECT FROM channels WHERE key = %(key)s AND archived_at IS NULL)
            OR EXISTS (SELECT FROM channel_groups WHERE key = %(key)s AND archived_at IS NULL) AS is_known
        """,
        {"key": key},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row["is_known"])


def channel_values(environment_id: UUID, **named: Any) -> dict[str, Any]:
    """What `WORKS_HERE` asks for, and more."""
    return {
        "environment_id": environment_id,
        "sinks": SINK_IDS,
        "development": ENVIRONMENT,
        "without_settings": WITHOUT_SETTINGS,
        **named,
    }


def seal_purpose(channel_id: UUID, environment_id: UUID) -> str:
    """What sealed provider settings are bound to; see `models/sealing.py`."""
    return f"channel:{channel_id}:{environment_id}"
