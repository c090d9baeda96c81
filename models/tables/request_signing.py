"""The keys that fetch steps sign their requests with, one for each environment (E-FETCH-11)."""

import secrets
from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from models.database import Connection
from models.sealing import Sealer
from models.tables.columns import moment, sealed

_KEY_BYTES = 32


class RequestSigningKey(SQLModel, table=True):
    """A generated key, sealed; made when it is first asked for."""

    __tablename__ = "request_signing_keys"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    sealed: bytes | None = sealed()
    inserted_at: datetime = moment()


async def request_signing_key(
    connection: Connection, environment_id: UUID, sealer: Sealer, now: datetime
) -> str:
    """The environment's key, made now where there is none; raises SealBroken under another master secret."""
    cursor = await connection.execute(
        "SELECT sealed FROM request_signing_keys WHERE environment_id = %s", (environment_id,)
    )
    row = await cursor.fetchone()
    if row is None:
        await _insert(connection, environment_id, sealer, now)
        return await request_signing_key(connection, environment_id, sealer, now)
    key: str = sealer.open(row["sealed"], _purpose(environment_id))
    return key


async def rotate_request_signing_key(
    connection: Connection, environment_id: UUID, sealer: Sealer, now: datetime
) -> str:
    """Another key from now on; also the way out when the former one cannot be opened any more."""
    await connection.execute("DELETE FROM request_signing_keys WHERE environment_id = %s", (environment_id,))
    return await request_signing_key(connection, environment_id, sealer, now)


async def _insert(connection: Connection, environment_id: UUID, sealer: Sealer, now: datetime) -> None:
    made = sealer.seal(secrets.token_urlsafe(_KEY_BYTES), _purpose(environment_id))
    await connection.execute(
        """
        INSERT INTO request_signing_keys (environment_id, sealed, inserted_at) VALUES (%s, %s, %s)
        ON CONFLICT DO NOTHING
        """,
        (environment_id, made, now),
    )


def _purpose(environment_id: UUID) -> str:
    return f"request_signing:{environment_id}"
