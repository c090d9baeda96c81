"""What the management API asks about channels, and writes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where
from models.values.providers import SINK_IDS, WITHOUT_SETTINGS

_CHANNEL: LiteralString = """
    SELECT c.*, s.is_sandbox, s.conditions, s.channel_settings, s.provider_settings,
           s.channel_id IS NOT NULL AS has_settings, e.slug AS environment
    FROM channels c JOIN environments e ON e.id = %(environment_id)s
         LEFT JOIN channel_settings s ON s.channel_id = c.id AND s.environment_id = %(environment_id)s
"""


@dataclass(frozen=True)
class ChannelToWrite:
    """The part of a channel that the whole account shares."""

    id: UUID
    key: str
    name: str
    type: str
    provider: str
    description: str | None
    custom_icon_url: str | None
    visible_in: list[str]


@dataclass(frozen=True)
class SettingsToWrite:
    """How one environment uses a channel."""

    channel_id: UUID
    environment_id: UUID
    is_sandbox: bool
    conditions: dict[str, Any] | None
    channel_settings: dict[str, Any]
    provider_settings: bytes | None


async def list_channels(connection: Connection, environment_id: UUID) -> list[DictRow]:
    """All of the account, with this environment's settings where it has any."""
    cursor = await connection.execute(
        f"{_CHANNEL} WHERE c.archived_at IS NULL ORDER BY c.key", {"environment_id": environment_id}
    )
    return await cursor.fetchall()


async def find_channel(connection: Connection, environment_id: UUID, key: str) -> DictRow | None:
    cursor = await connection.execute(
        f"{_CHANNEL} WHERE c.key = %(key)s AND c.archived_at IS NULL",
        {"environment_id": environment_id, "key": key},
    )
    return await cursor.fetchone()


async def page_channels(connection: Connection, page: Page, channel_id: UUID | None) -> list[DictRow]:
    """The account's channels by key, without settings."""
    where = Where("archived_at IS NULL")
    where.add_if("id = %(id)s", id=channel_id)
    order = paged(where, page, ("key",), is_descending=False)
    cursor = await connection.execute(f"SELECT * FROM channels WHERE {where.sql} {order}", where.values)
    return await cursor.fetchall()


async def find_by_key(connection: Connection, key: str) -> DictRow | None:
    cursor = await connection.execute("SELECT * FROM channels WHERE key = %s AND archived_at IS NULL", (key,))
    return await cursor.fetchone()


async def list_settings(connection: Connection, channel_ids: list[UUID]) -> list[DictRow]:
    """The settings of these channels in every environment, in their order; also of those without any need."""
    cursor = await connection.execute(
        """
        SELECT c.id, c.provider, e.id AS environment_id, e.slug AS environment, s.is_sandbox, s.conditions,
               s.channel_settings, s.provider_settings, s.channel_id IS NOT NULL AS has_settings
        FROM channels c CROSS JOIN environments e
             LEFT JOIN channel_settings s ON s.channel_id = c.id AND s.environment_id = e.id
        WHERE c.id = ANY(%s) AND e.branch_of IS NULL AND e.deleted_at IS NULL
              AND (s.channel_id IS NOT NULL OR c.provider = ANY(%s))
        ORDER BY e.position, e.slug
        """,
        (channel_ids, [*WITHOUT_SETTINGS, *SINK_IDS]),
    )
    return await cursor.fetchall()


async def find_environments(connection: Connection, slug: str) -> list[DictRow]:
    """The environment of this slug, and the branches that are called so."""
    cursor = await connection.execute(
        """
        SELECT id, slug, branch_of IS NOT NULL AS is_branch FROM environments
        WHERE slug = %s AND deleted_at IS NULL ORDER BY is_branch
        """,
        (slug,),
    )
    return await cursor.fetchall()


async def lock_channels(connection: Connection) -> None:
    """Until the transaction ends nobody else writes channels or groups: a key is looked up, then written."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('channels', 0))")


async def find_namesakes(connection: Connection, key: str, channel_id: UUID | None) -> list[DictRow]:
    """Who holds this key now, and who ever had this id."""
    cursor = await connection.execute(
        "SELECT * FROM channels WHERE (key = %s AND archived_at IS NULL) OR id = %s", (key, channel_id)
    )
    return await cursor.fetchall()


async def find_settings(connection: Connection, environment_id: UUID, channel_id: UUID) -> DictRow | None:
    """What this environment keeps for a channel."""
    cursor = await connection.execute(
        "SELECT * FROM channel_settings WHERE environment_id = %s AND channel_id = %s",
        (environment_id, channel_id),
    )
    return await cursor.fetchone()


async def configured_elsewhere(connection: Connection, environment_id: UUID, channel_id: UUID) -> list[str]:
    """The other environments that keep provider settings for a channel."""
    cursor = await connection.execute(
        """
        SELECT e.slug FROM channel_settings s JOIN environments e ON e.id = s.environment_id
        WHERE s.channel_id = %s AND s.environment_id <> %s AND s.provider_settings IS NOT NULL
              AND e.deleted_at IS NULL
        ORDER BY e.position, e.slug
        """,
        (channel_id, environment_id),
    )
    return [row["slug"] for row in await cursor.fetchall()]


async def upsert_channel(connection: Connection, channel: ChannelToWrite, now: datetime) -> None:
    """Effective at once, and unversioned (E-CHANNEL-2). An archived channel comes back."""
    await connection.execute(
        """
        INSERT INTO channels (id, key, name, type, provider, description, custom_icon_url, visible_in,
                              inserted_at, updated_at)
        VALUES (%(id)s, %(key)s, %(name)s, %(type)s, %(provider)s, %(description)s, %(custom_icon_url)s,
                %(visible_in)s, %(now)s, %(now)s)
        ON CONFLICT (id) DO UPDATE
        SET name = excluded.name, provider = excluded.provider, description = excluded.description,
            custom_icon_url = excluded.custom_icon_url, visible_in = excluded.visible_in,
            archived_at = NULL, updated_at = excluded.updated_at
        """,
        {**vars(channel), "now": now},
    )


async def upsert_settings(connection: Connection, settings: SettingsToWrite, now: datetime) -> None:
    """Effective at once."""
    await connection.execute(
        """
        INSERT INTO channel_settings (
            channel_id, environment_id, is_sandbox, conditions, channel_settings, provider_settings,
            updated_at)
        VALUES (%(channel_id)s, %(environment_id)s, %(is_sandbox)s, %(conditions)s, %(channel_settings)s,
                %(provider_settings)s, %(now)s)
        ON CONFLICT (channel_id, environment_id) DO UPDATE
        SET is_sandbox = excluded.is_sandbox, conditions = excluded.conditions,
            channel_settings = excluded.channel_settings, provider_settings = excluded.provider_settings,
            updated_at = excluded.updated_at
        """,
        {
            **vars(settings),
            "conditions": None if settings.conditions is None else Jsonb(settings.conditions),
            "channel_settings": Jsonb(settings.channel_settings),
            "now": now,
        },
    )


async def archive_channel(connection: Connection, key: str, now: datetime) -> None:
    """In all environments; its settings stay, should its id be taken up again."""
    await connection.execute(
        "UPDATE channels SET archived_at = %s, updated_at = %s WHERE key = %s AND archived_at IS NULL",
        (now, now, key),
    )
