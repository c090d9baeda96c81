"""What the API asks about recipients."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where
from models.tables.property_merging import merged
from models.tables.recipients import LARGEST_PROPERTIES
from models.values.refs import RecipientRef


async def find_recipients(
    connection: Connection, environment_id: UUID, refs: Iterable[RecipientRef]
) -> dict[RecipientRef, DictRow]:
    """Those that were ever identified."""
    wanted = list(set(refs))
    if not wanted:
        return {}
    cursor = await connection.execute(
        """
        SELECT r.* FROM unnest(%s::text[], %s::text[]) AS w(collection, id)
        JOIN recipients r ON r.environment_id = %s AND r.collection = w.collection AND r.id = w.id
        """,
        ([ref.collection for ref in wanted], [ref.id for ref in wanted], environment_id),
    )
    rows = await cursor.fetchall()
    return {RecipientRef(collection=row["collection"], id=row["id"]): row for row in rows}


async def find_with(
    connection: Connection, environment_id: UUID, ref: RecipientRef, properties: dict[str, Any]
) -> DictRow | None:
    """The recipient, and in `has_all` whether merging these properties into it would change nothing."""
    cursor = await connection.execute(
        f"""
        SELECT *, properties = {merged("collection", "properties", "%(given)s::jsonb")} AS has_all
        FROM recipients
        WHERE environment_id = %(environment_id)s AND collection = %(collection)s AND id = %(id)s
        """,
        {
            "given": Jsonb(properties),
            "environment_id": environment_id,
            "collection": ref.collection,
            "id": ref.id,
        },
    )
    return await cursor.fetchone()


async def list_outgrown(
    connection: Connection, environment_id: UUID, wanted: dict[RecipientRef, dict[str, Any]]
) -> list[RecipientRef]:
    """Those whose properties would be too large with these; everyone who exists is locked, in order."""
    cursor = await connection.execute(
        """
        SELECT r.collection, r.id FROM recipients r
        JOIN unnest(%s::text[], %s::text[]) AS w(collection, id)
          ON r.collection = w.collection AND r.id = w.id
        WHERE r.environment_id = %s ORDER BY r.collection COLLATE "C", r.id COLLATE "C" FOR UPDATE OF r
        """,
        ([ref.collection for ref in wanted], [ref.id for ref in wanted], environment_id),
    )
    await cursor.fetchall()
    cursor = await connection.execute(
        f"""
        SELECT w.collection, w.id FROM unnest(%s::text[], %s::text[], %s::jsonb[]) AS w(collection, id, given)
        LEFT JOIN recipients r ON r.environment_id = %s AND r.collection = w.collection AND r.id = w.id
        WHERE octet_length({merged("w.collection", "coalesce(r.properties, '{}')", "w.given")}::text) > %s
        """,
        (
            [ref.collection for ref in wanted],
            [ref.id for ref in wanted],
            [Jsonb(properties) for properties in wanted.values()],
            environment_id,
            LARGEST_PROPERTIES,
        ),
    )
    return [RecipientRef(**row) for row in await cursor.fetchall()]


async def list_recipients(
    connection: Connection,
    environment_id: UUID,
    collection: str,
    page: Page,
    *,
    only_id: str | None = None,
    only_name: str | None = None,
) -> list[DictRow]:
    """Those of a collection, the latest first."""
    where = Where(
        "environment_id = %(environment_id)s AND collection = %(collection)s",
        environment_id=environment_id,
        collection=collection,
    )
    where.add_if("id = %(only_id)s", only_id=only_id)
    where.add_if("properties ->> 'name' = %(only_name)s", only_name=only_name)
    order = paged(where, page, ("inserted_at", "id"), is_descending=True)
    cursor = await connection.execute(f"SELECT * FROM recipients WHERE {where.sql} {order}", where.values)
    return await cursor.fetchall()


async def list_preference_sets(
    connection: Connection, environment_id: UUID, collection: str, ids: list[str]
) -> dict[str, dict[str, Any]]:
    """All sets of these recipients: by recipient, then by the id of the set."""
    cursor = await connection.execute(
        """
        SELECT recipient_id, jsonb_object_agg(set_id, preference_set) AS sets FROM preference_sets
        WHERE environment_id = %s AND collection = %s AND recipient_id = ANY(%s) GROUP BY recipient_id
        """,
        (environment_id, collection, ids),
    )
    return {row["recipient_id"]: row["sets"] for row in await cursor.fetchall()}


async def find_addressed_channel(connection: Connection, channel_id: UUID) -> DictRow | None:
    """The account's channel of this id, unless it was archived."""
    cursor = await connection.execute(
        "SELECT id, type, provider FROM channels WHERE id = %s AND archived_at IS NULL", (channel_id,)
    )
    return await cursor.fetchone()
