"""What is asked about the keys that user tokens are signed with, and written."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection


@dataclass(frozen=True)
class NewSigningKey:
    """The public half of a pair; its id is the `kid` that tokens may carry."""

    id: UUID
    environment_id: UUID
    name: str | None
    public_key: str


async def find_active_signing_keys(connection: Connection, environment_id: UUID) -> list[DictRow]:
    """Those that tokens may be signed with, the newest first."""
    cursor = await connection.execute(
        """
        SELECT id, public_key FROM signing_keys WHERE environment_id = %s AND revoked_at IS NULL
        ORDER BY inserted_at DESC, id DESC
        """,
        (environment_id,),
    )
    return await cursor.fetchall()


async def list_signing_keys(connection: Connection, environment_id: UUID) -> list[DictRow]:
    """Every key there ever was, the newest first."""
    cursor = await connection.execute(
        "SELECT * FROM signing_keys WHERE environment_id = %s ORDER BY inserted_at DESC, id DESC",
        (environment_id,),
    )
    return await cursor.fetchall()


async def insert_signing_key(connection: Connection, key: NewSigningKey, now: datetime) -> DictRow:
    cursor = await connection.execute(
        """
        INSERT INTO signing_keys (id, environment_id, name, public_key, inserted_at)
        VALUES (%s, %s, %s, %s, %s) RETURNING *
        """,
        (key.id, key.environment_id, key.name, key.public_key, now),
    )
    row = await cursor.fetchone()
    assert row is not None  # an insert returns its row
    return row


async def revoke_signing_key(
    connection: Connection, environment_id: UUID, key_id: UUID, now: datetime
) -> DictRow | None:
    """From the next call on its tokens are refused; None for a key that is not there."""
    cursor = await connection.execute(
        """
        UPDATE signing_keys SET revoked_at = coalesce(revoked_at, %s)
        WHERE environment_id = %s AND id = %s RETURNING *
        """,
        (now, environment_id, key_id),
    )
    return await cursor.fetchone()
