"""What the management API asks about recipients' properties, and writes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection


@dataclass(frozen=True)
class Item:
    """Users, tenants, or the objects of a collection, in one environment."""

    environment_id: UUID
    type: str
    collection: str = ""


async def list_properties(connection: Connection, environment_id: UUID) -> list[DictRow]:
    """Of all items, each item's in the order they came to be."""
    cursor = await connection.execute(
        """
        SELECT * FROM item_properties WHERE environment_id = %s
        ORDER BY item, collection, inserted_at, key
        """,
        (environment_id,),
    )
    return await cursor.fetchall()


async def find_properties(connection: Connection, item: Item) -> list[DictRow]:
    cursor = await connection.execute(
        """
        SELECT * FROM item_properties WHERE environment_id = %s AND item = %s AND collection = %s
        ORDER BY inserted_at, key
        """,
        (item.environment_id, item.type, item.collection),
    )
    return await cursor.fetchall()


async def lock_item(connection: Connection, item: Item) -> None:
    """Until the transaction ends nobody else changes these properties."""
    name = f"schema:{item.environment_id}:{item.type}:{item.collection}"
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))


async def upsert_property(connection: Connection, item: Item, values: dict[str, Any], now: datetime) -> None:
    """Write every column of a property; when it came to be stays."""
    await connection.execute(
        """
        INSERT INTO item_properties (environment_id, item, collection, key, type, item_type, description,
                                     preview_text, visible, inserted_at, updated_at)
        VALUES (%(environment_id)s, %(item)s, %(collection)s, %(key)s, %(type)s, %(item_type)s,
                %(description)s, %(preview_text)s, %(visible)s, %(now)s, %(now)s)
        ON CONFLICT (environment_id, item, collection, key) DO UPDATE
        SET type = excluded.type, item_type = excluded.item_type, description = excluded.description,
            preview_text = excluded.preview_text, visible = excluded.visible,
            updated_at = excluded.updated_at
        """,
        {
            **values,
            "environment_id": item.environment_id,
            "item": item.type,
            "collection": item.collection,
            "now": now,
        },
    )
