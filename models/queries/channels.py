"""What the management API asks about channels, and writes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from models.database import Connection

_CHANNEL: LiteralString = """
    SELECT c.*, s.is_sandbox, s.conditions, s.channel_settings, s.provider_settings,
           s.channel_id IS NOT NULL AS is_configured, s.updated_at AS settings_updated_at
    FROM channels c LEFT JOIN channel_settings s ON s.channel_id = c.id AND s.environment_id = %s
"""


@dataclass(frozen=True)
class ChannelToWrite:
    """A channel of the account, and how one environment uses it."""

    id: UUID
    key: str
    name: str
    type: str
    provider: str
    environment_id: UUID
    is_sandbox: bool
    conditions: dict[str, Any] | None
    channel_settings: dict[str, Any]
    provider_settings: bytes | None


async def list_channels(connection: Connection, environment_id: UUID) -> list[DictRow]:
    """All of the account, with this environment's settings where it has any."""
    cursor = await connection.execute(
        f"{_CHANNEL} WHERE c.archived_at IS NULL ORDER BY c.key", (environment_id,)
    )
    return await cursor.fetchall()


async def find_channel(connection: Connection, environment_id: UUID, key: str) -> DictRow | None:
    cursor = await connection.execute(
        f"{_CHANNEL} WHERE c.key = %s AND c.archived_at IS NULL", (environment_id, key)
    )
    return await cursor.fetchone()


async def lock_channels(connection: Connection) -> None:
    """Until the transaction ends nobody else writes channels: a key is looked up, then written."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('channels', 0))")


async def find_namesakes(connection: Connection, key: str, channel_id: UUID | None) -> list[DictRow]:
    """Who holds this key or this id, archived ones included: neither is ever given twice."""
    cursor = await connection.execute(
        "SELECT id, key, type, provider FROM channels WHERE key = %s OR id = %s", (key, channel_id)
    )
    return await cursor.fetchall()


async def find_sealed(connection: Connection, environment_id: UUID, channel_id: UUID) -> bytes | None:
    """The provider settings that this environment keeps for a channel."""
    cursor = await connection.execute(
        "SELECT provider_settings FROM channel_settings WHERE environment_id = %s AND channel_id = %s",
        (environment_id, channel_id),
    )
    row = await cursor.fetchone()
    return None if row is None else row["provider_settings"]


async def upsert_channel(connection: Connection, channel: ChannelToWrite, now: datetime) -> None:
    """Effective at once, and unversioned (E-CHANNEL-2). An archived channel comes back."""
    await connection.execute(
        """
        INSERT INTO channels (id, key, name, type, provider, inserted_at, updated_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (id) DO UPDATE
        SET name = excluded.name, provider = excluded.provider, archived_at = NULL,
            updated_at = excluded.updated_at
        """,
        (channel.id, channel.key, channel.name, channel.type, channel.provider, now, now),
    )
    await connection.execute(
        """
        INSERT INTO channel_settings (
            channel_id, environment_id, is_sandbox, conditions, channel_settings, provider_settings,
            updated_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (channel_id, environment_id) DO UPDATE
        SET is_sandbox = excluded.is_sandbox, conditions = excluded.conditions,
            channel_settings = excluded.channel_settings, provider_settings = excluded.provider_settings,
            updated_at = excluded.updated_at
        """,
        (
            channel.id,
            channel.environment_id,
            channel.is_sandbox,
            None if channel.conditions is None else Jsonb(channel.conditions),
            Jsonb(channel.channel_settings),
            channel.provider_settings,
            now,
        ),
    )
