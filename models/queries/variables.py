"""What the management API asks about variables, and writes."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection


async def list_variables(connection: Connection, environment_id: UUID) -> list[DictRow]:
    cursor = await connection.execute(
        "SELECT key, value, updated_at FROM variables WHERE environment_id = %s ORDER BY key",
        (environment_id,),
    )
    return await cursor.fetchall()


async def find_variable(connection: Connection, environment_id: UUID, key: str) -> DictRow | None:
    cursor = await connection.execute(
        "SELECT key, value, updated_at FROM variables WHERE environment_id = %s AND key = %s",
        (environment_id, key),
    )
    return await cursor.fetchone()


async def upsert_variable(
    connection: Connection, environment_id: UUID, key: str, value: str, now: datetime
) -> DictRow:
    """Effective at once, and unversioned (E-VARS-1)."""
    cursor = await connection.execute(
        """
        INSERT INTO variables (environment_id, key, value, updated_at) VALUES (%s, %s, %s, %s)
        ON CONFLICT (environment_id, key)
        DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
        RETURNING key, value, updated_at
        """,
        (environment_id, key, value, now),
    )
    row = await cursor.fetchone()
    assert row is not None  # an upsert always returns its row
    return row
