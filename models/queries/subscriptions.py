"""What the API asks about subscriptions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where
from models.values.refs import RecipientRef


@dataclass(frozen=True)
class SubscriptionFilter:
    """Those to `ref` as an object, or those that it has as a subscriber; `others` narrow the other side."""

    ref: RecipientRef
    is_subscriber: bool = False
    others: Sequence[RecipientRef] = field(default_factory=list)


async def list_subscriptions(
    connection: Connection, environment_id: UUID, wanted: SubscriptionFilter, page: Page
) -> list[DictRow]:
    """Newest first."""
    where = Where("s.environment_id = %(environment_id)s", environment_id=environment_id)
    of_object: LiteralString = "s.object_collection = %(collection)s AND s.object_id = %(id)s"
    of_subscriber: LiteralString = "s.recipient_collection = %(collection)s AND s.recipient_id = %(id)s"
    where.add(
        of_subscriber if wanted.is_subscriber else of_object,
        collection=wanted.ref.collection,
        id=wanted.ref.id,
    )
    if wanted.others:
        objects: LiteralString = "(s.object_collection, s.object_id)"
        recipients: LiteralString = "(s.recipient_collection, s.recipient_id)"
        side = objects if wanted.is_subscriber else recipients
        where.add(
            f"{side} IN (SELECT * FROM unnest(%(other_collections)s::text[], %(other_ids)s::text[]))",
            other_collections=[one.collection for one in wanted.others],
            other_ids=[one.id for one in wanted.others],
        )
    order = paged(where, page, ("s.inserted_at", "s.id"), is_descending=True)
    cursor = await connection.execute(
        f"SELECT s.* FROM subscriptions s WHERE {where.sql} {order}", where.values
    )
    return await cursor.fetchall()


async def find_sets_of(
    connection: Connection, environment_id: UUID, refs: Sequence[RecipientRef]
) -> dict[RecipientRef, dict[str, dict[str, Any]]]:
    """All preference sets of these recipients, by recipient and by id; nothing for who has none."""
    cursor = await connection.execute(
        """
        SELECT p.collection, p.recipient_id, p.set_id, p.preference_set
        FROM unnest(%s::text[], %s::text[]) AS w(collection, id)
        JOIN preference_sets p ON p.environment_id = %s AND p.collection = w.collection
            AND p.recipient_id = w.id
        """,
        ([ref.collection for ref in refs], [ref.id for ref in refs], environment_id),
    )
    found: dict[RecipientRef, dict[str, dict[str, Any]]] = {}
    for row in await cursor.fetchall():
        ref = RecipientRef(collection=row["collection"], id=row["recipient_id"])
        found.setdefault(ref, {})[row["set_id"]] = {"id": row["set_id"], **row["preference_set"]}
    return found
