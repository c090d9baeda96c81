"""What the API asks about in-app feeds."""

from dataclasses import dataclass, field, replace
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Between, Where
from models.tables.variables import PUBLIC_VALUES

_STATUS: dict[str, LiteralString] = {
    "seen": "f.seen_at IS NOT NULL",
    "unseen": "f.seen_at IS NULL",
    "read": "f.read_at IS NOT NULL",
    "unread": "f.read_at IS NULL",
}
_ARCHIVED: dict[str, LiteralString] = {
    "exclude": "f.archived_at IS NULL",
    "only": "f.archived_at IS NOT NULL",
}


@dataclass(frozen=True)
class FeedFilter:
    """Which items of a person's feed; what is absent or empty does not narrow.

    `tenant` also finds what has no tenant, unless `has_tenant` asks for one.
    """

    channel_id: UUID
    user_id: str
    inserted_at: Between
    status: str = "all"
    archived: str = "exclude"
    tenant: str | None = None
    has_tenant: bool | None = None
    workflow_key: str | None = None
    workflow_categories: list[str] = field(default_factory=list)
    trigger_data: dict[str, Any] | None = None


async def find_feed(connection: Connection, environment_id: UUID, channel_id: UUID) -> DictRow | None:
    """The channel's type, and the environment's public variables as `{key: text}`."""
    cursor = await connection.execute(
        f"""
        SELECT c.type, coalesce(({PUBLIC_VALUES.format(environment_id="%s")}), '{{}}') AS variables
        FROM channels c WHERE c.id = %s AND c.archived_at IS NULL
        """,
        (environment_id, channel_id),
    )
    return await cursor.fetchone()


async def list_items(
    connection: Connection, environment_id: UUID, wanted: FeedFilter, page: Page
) -> list[DictRow]:
    """Newest first, by position in the feed: `inserted_at` may run against the order of commits (D18)."""
    where = _where(environment_id, wanted)
    order = paged(where, page, ("f.position",), is_descending=True)
    cursor = await connection.execute(f"SELECT f.* FROM feed_items f WHERE {where.sql} {order}", where.values)
    return await cursor.fetchall()


async def count_items(connection: Connection, environment_id: UUID, wanted: FeedFilter) -> DictRow:
    """Of the whole feed in scope. The two badges do not follow `status`: a filter must not zero them."""
    where = _where(environment_id, replace(wanted, status="all"))
    total = _STATUS.get(wanted.status, "true")
    cursor = await connection.execute(
        f"""
        SELECT count(*) FILTER (WHERE {total}) AS total_count,
               count(*) FILTER (WHERE f.read_at IS NULL) AS unread_count,
               count(*) FILTER (WHERE f.seen_at IS NULL) AS unseen_count
        FROM feed_items f WHERE {where.sql}
        """,
        where.values,
    )
    row = await cursor.fetchone()
    assert row is not None  # an aggregate without GROUP BY always has one row
    return row


def _where(environment_id: UUID, wanted: FeedFilter) -> Where:
    where = Where(
        "f.environment_id = %(environment_id)s AND f.channel_id = %(channel_id)s AND f.user_id = %(user_id)s",
        environment_id=environment_id,
        channel_id=wanted.channel_id,
        user_id=wanted.user_id,
    )
    if condition := _STATUS.get(wanted.status):
        where.add(condition)
    if condition := _ARCHIVED.get(wanted.archived):
        where.add(condition)
    strictly: LiteralString = "" if wanted.has_tenant else " OR f.tenant_id IS NULL"
    where.add_if(f"(f.tenant_id = %(tenant)s{strictly})", tenant=wanted.tenant)
    where.add_if("(f.tenant_id IS NOT NULL) = %(has_tenant)s", has_tenant=wanted.has_tenant)
    where.add_if("f.workflow_key = %(workflow_key)s", workflow_key=wanted.workflow_key)
    where.add_if("f.workflow_categories && %(categories)s::text[]", categories=wanted.workflow_categories)
    where.add_range("f.inserted_at", wanted.inserted_at)
    where.add_data("f.data", wanted.trigger_data)
    return where
