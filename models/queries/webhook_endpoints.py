"""What the management API asks about outbound webhook endpoints, and writes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection


async def list_endpoints(connection: Connection, environment_id: UUID) -> list[DictRow]:
    cursor = await connection.execute(
        "SELECT * FROM webhook_endpoints WHERE environment_id = %s ORDER BY key", (environment_id,)
    )
    return await cursor.fetchall()


async def find_endpoint(connection: Connection, environment_id: UUID, key: str) -> DictRow | None:
    """Locked until the transaction ends, where there is one."""
    cursor = await connection.execute(
        "SELECT * FROM webhook_endpoints WHERE environment_id = %s AND key = %s FOR UPDATE",
        (environment_id, key),
    )
    return await cursor.fetchone()


async def upsert_endpoint(connection: Connection, endpoint: dict[str, Any], now: datetime) -> DictRow:
    """Write every column of an endpoint; the id and the time of the first write stay."""
    cursor = await connection.execute(
        """
        INSERT INTO webhook_endpoints (environment_id, key, id, url, description, events, enabled,
                                       signing_secret, hint, inserted_at, updated_at)
        VALUES (%(environment_id)s, %(key)s, %(id)s, %(url)s, %(description)s, %(events)s, %(enabled)s,
                %(signing_secret)s, %(hint)s, %(now)s, %(now)s)
        ON CONFLICT (environment_id, key) DO UPDATE
        SET url = excluded.url, description = excluded.description, events = excluded.events,
            enabled = excluded.enabled, signing_secret = excluded.signing_secret, hint = excluded.hint,
            updated_at = excluded.updated_at
        RETURNING *
        """,
        {**endpoint, "now": now},
    )
    row = await cursor.fetchone()
    assert row is not None  # an upsert always returns its row
    return row


async def delete_endpoint(connection: Connection, environment_id: UUID, key: str) -> bool:
    """Whether there was one."""
    cursor = await connection.execute(
        "DELETE FROM webhook_endpoints WHERE environment_id = %s AND key = %s", (environment_id, key)
    )
    return cursor.rowcount > 0
