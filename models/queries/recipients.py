"""What the API asks about recipients."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from models.database import Connection
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


async def find_unchanged(
    connection: Connection, environment_id: UUID, ref: RecipientRef, properties: dict[str, Any]
) -> DictRow | None:
    """The recipient, if merging these properties into it changes nothing: then nothing need be locked."""
    cursor = await connection.execute(
        """
        SELECT * FROM recipients
        WHERE environment_id = %s AND collection = %s AND id = %s
          AND properties = deep_merge(properties, %s)
        """,
        (environment_id, ref.collection, ref.id, Jsonb(properties)),
    )
    return await cursor.fetchone()
