"""Channels: one id across environments, settings for each of them (E-CHANNEL-2)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import document, moment, sealed


class Channel(SQLModel, table=True):
    """A configured provider, of the whole account."""

    __tablename__ = "channels"

    id: UUID = Field(primary_key=True)
    key: str = Field(unique=True)
    name: str
    type: str
    provider: str
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


async def find_channel(connection: Connection, environment_id: UUID, key: str) -> DictRow | None:
    """A channel with this environment's settings, or None where it is not configured."""
    cursor = await connection.execute(
        """
        SELECT c.id, c.key, c.name, c.type, c.provider, s.is_sandbox, s.conditions, s.channel_settings
        FROM channels c JOIN channel_settings s ON s.channel_id = c.id AND s.environment_id = %s
        WHERE c.key = %s AND c.archived_at IS NULL
        """,
        (environment_id, key),
    )
    return await cursor.fetchone()


async def find_provider(connection: Connection, environment_id: UUID, channel_id: UUID) -> DictRow | None:
    """A channel's provider with its sealed settings in this environment."""
    cursor = await connection.execute(
        """
        SELECT c.id, c.key, c.provider, s.provider_settings
        FROM channels c JOIN channel_settings s ON s.channel_id = c.id AND s.environment_id = %s
        WHERE c.id = %s AND c.archived_at IS NULL
        """,
        (environment_id, channel_id),
    )
    return await cursor.fetchone()


def seal_purpose(channel_id: UUID, environment_id: UUID) -> str:
    """What sealed provider settings are bound to; see `models/sealing.py`."""
    return f"channel:{channel_id}:{environment_id}"
