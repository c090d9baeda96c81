"""What the API asks about messages."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Between, Where
from models.values.refs import USERS, RecipientRef

_FROM: LiteralString = """
    SELECT m.id, m.environment_id, m.channel_id, m.recipient_collection, m.recipient_id, m.recipient_snapshot,
           m.actors, m.tenant_id, m.data, m.source_type, m.workflow_key, m.workflow_version_id,
           m.workflow_categories, m.step_ref, m.workflow_run_id, m.recipient_run_id, m.window_id, m.status,
           m.provider_reference, m.scheduled_at, m.seen_at, m.read_at, m.interacted_at, m.link_clicked_at,
           m.archived_at, m.inserted_at, m.updated_at,
           c.key AS channel_key, c.name AS channel_name, c.type AS channel_type,
           c.provider AS channel_provider, c.inserted_at AS channel_inserted_at,
           c.updated_at AS channel_updated_at
    FROM {source} m JOIN channels c ON c.id = m.channel_id
"""
"""Without the content: a list of mails would drag all their HTML along."""
_MESSAGE: LiteralString = _FROM.format(source="messages")
_MESSAGE_OF_TENANT: LiteralString = _FROM.format(
    source="""(
        SELECT * FROM messages WHERE environment_id = %(environment_id)s AND tenant_id = %(tenant)s
        UNION ALL
        SELECT * FROM messages WHERE environment_id = %(environment_id)s AND tenant_id IS NULL)"""
)
"""Both parts are read in order from one index; with an OR it would be all messages that are read."""

ENGAGEMENT: dict[str, LiteralString] = {
    "seen": "m.seen_at IS NOT NULL",
    "unseen": "m.seen_at IS NULL",
    "read": "m.read_at IS NOT NULL",
    "unread": "m.read_at IS NULL",
    "archived": "m.archived_at IS NOT NULL",
    "unarchived": "m.archived_at IS NULL",
    "link_clicked": "m.link_clicked_at IS NOT NULL",
    "interacted": "m.interacted_at IS NOT NULL",
}


@dataclass(frozen=True)
class MessageFilter:
    """Which messages; what is absent or empty does not narrow.

    Several delivery statuses mean any of them, several engagement statuses all of them. `tenant` also finds
    what has no tenant. Nothing older than `since` is found.
    """

    inserted_at: Between
    since: datetime | None = None
    recipient: RecipientRef | None = None
    tenant: str | None = None
    channel_id: str | None = None
    statuses: list[str] = field(default_factory=list)
    engagement_statuses: list[str] = field(default_factory=list)
    message_ids: list[str] = field(default_factory=list)
    workflow_categories: list[str] = field(default_factory=list)
    workflow_key: str | None = None
    workflow_run_id: str | None = None
    recipient_run_id: str | None = None
    trigger_data: dict[str, Any] | None = None


async def list_messages(
    connection: Connection, environment_id: UUID, wanted: MessageFilter, page: Page
) -> list[DictRow]:
    """Newest first."""
    where = _where(environment_id, wanted)
    order = paged(where, page, ("m.inserted_at", "m.id"), is_descending=True)
    source = _MESSAGE if wanted.tenant is None else _MESSAGE_OF_TENANT
    cursor = await connection.execute(
        f"{source} WHERE {where.sql} {order}", where.values | {"tenant": wanted.tenant}
    )
    return await cursor.fetchall()


async def find_messages(
    connection: Connection, environment_id: UUID, message_ids: list[str]
) -> list[DictRow]:
    """Those that exist, in the order they were named."""
    cursor = await connection.execute(
        f"{_MESSAGE} WHERE m.environment_id = %s AND m.id = ANY(%s)", (environment_id, message_ids)
    )
    found = {row["id"]: row for row in await cursor.fetchall()}
    return [found[message_id] for message_id in dict.fromkeys(message_ids) if message_id in found]


async def owned_by(
    connection: Connection, environment_id: UUID, message_ids: list[str], user_id: str
) -> list[str]:
    """Those of the messages that went to this user, in the order they were named."""
    cursor = await connection.execute(
        """
        SELECT id FROM messages
        WHERE environment_id = %s AND id = ANY(%s) AND recipient_collection = %s AND recipient_id = %s
        """,
        (environment_id, message_ids, USERS, user_id),
    )
    found = {row["id"] for row in await cursor.fetchall()}
    return [message_id for message_id in message_ids if message_id in found]


async def find_message(connection: Connection, environment_id: UUID, message_id: str) -> DictRow | None:
    found = await find_messages(connection, environment_id, [message_id])
    return found[0] if found else None


async def list_contents(
    connection: Connection, environment_id: UUID, message_ids: list[str], since: datetime
) -> list[DictRow]:
    """What was rendered of those that exist and are not older, in the order they were named."""
    cursor = await connection.execute(
        """
        SELECT id, content, inserted_at FROM messages
        WHERE environment_id = %s AND id = ANY(%s) AND inserted_at >= %s
        """,
        (environment_id, message_ids, since),
    )
    found = {row["id"]: row for row in await cursor.fetchall()}
    return [found[message_id] for message_id in dict.fromkeys(message_ids) if message_id in found]


async def list_events(
    connection: Connection, environment_id: UUID, message_id: str, page: Page
) -> list[DictRow]:
    """Newest first."""
    where = _of_message("v", environment_id, message_id)
    order = paged(where, page, ("v.inserted_at", "v.id"), is_descending=True)
    cursor = await connection.execute(
        f"SELECT v.id, v.type, v.data, v.inserted_at FROM message_events v WHERE {where.sql} {order}",
        where.values,
    )
    return await cursor.fetchall()


async def list_delivery_logs(
    connection: Connection, environment_id: UUID, message_id: str, page: Page
) -> list[DictRow]:
    """Newest first."""
    where = _of_message("l", environment_id, message_id)
    order = paged(where, page, ("l.inserted_at", "l.id"), is_descending=True)
    cursor = await connection.execute(
        f"SELECT l.* FROM delivery_logs l WHERE {where.sql} {order}", where.values
    )
    return await cursor.fetchall()


def _of_message(alias: LiteralString, environment_id: UUID, message_id: str) -> Where:
    return Where(
        f"{alias}.environment_id = %(environment_id)s AND {alias}.message_id = %(message_id)s",
        environment_id=environment_id,
        message_id=message_id,
    )


def _where(environment_id: UUID, wanted: MessageFilter) -> Where:
    where = Where("m.environment_id = %(environment_id)s", environment_id=environment_id)
    if wanted.recipient is not None:
        where.add("m.recipient_collection = %(collection)s", collection=wanted.recipient.collection)
        where.add("m.recipient_id = %(recipient_id)s", recipient_id=wanted.recipient.id)
    where.add_if("m.workflow_key = %(workflow_key)s", workflow_key=wanted.workflow_key)
    where.add_if("m.status = ANY(%(statuses)s)", statuses=wanted.statuses)
    where.add_if("m.id = ANY(%(message_ids)s)", message_ids=wanted.message_ids)
    where.add_if(
        # Said twice, as the index of categories leaves out messages without any.
        "m.workflow_categories <> '{}' AND m.workflow_categories && %(categories)s::text[]",
        categories=wanted.workflow_categories,
    )
    where.add_range("m.inserted_at", wanted.inserted_at)
    where.add_if("m.inserted_at >= %(since)s", since=wanted.since)
    where.add_data("m.data", wanted.trigger_data)
    _add_ids(where, wanted)
    for status in wanted.engagement_statuses:
        where.add(ENGAGEMENT.get(status, "false"))
    return where


def _add_ids(where: Where, wanted: MessageFilter) -> None:
    """Through the indexes: only a well-formed id is compared, any other finds nothing."""
    for column, name, value in (
        ("m.channel_id", "channel_id", wanted.channel_id),
        ("m.workflow_run_id", "workflow_run_id", wanted.workflow_run_id),
        ("m.recipient_run_id", "recipient_run_id", wanted.recipient_run_id),
    ):
        if value is None:
            continue
        try:
            where.add(f"{column} = %({name})s", **{name: UUID(value)})
        except ValueError:
            where.add("false")
