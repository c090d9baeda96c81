"""Channel data: where and how one channel reaches a recipient, such as push tokens or chat connections."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.parts import Part
from models.tables.columns import document, moment
from models.values.refs import RecipientRef


class ChannelData(SQLModel, table=True):
    """What a provider needs to address one recipient; a later write for the channel replaces it whole."""

    __tablename__ = "channel_data"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    collection: str = Field(primary_key=True)
    recipient_id: str = Field(primary_key=True)
    channel_id: UUID = Field(primary_key=True)
    data: dict[str, Any] = document()
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


# In the order of their keys, so that two writers of the same rows never deadlock.
PUT = """
    INSERT INTO channel_data AS c
        (environment_id, collection, recipient_id, channel_id, data, inserted_at, updated_at)
    SELECT %(environment_id)s, %(collection)s, %(id)s, given.key::uuid, given.value, %(now)s, %(now)s
    FROM jsonb_each(%(given)s::jsonb) AS given {beside}
    ORDER BY given.key
    ON CONFLICT (environment_id, collection, recipient_id, channel_id) DO UPDATE
    SET data = excluded.data, updated_at = excluded.updated_at WHERE c.data <> excluded.data
"""


def _values(
    environment_id: UUID, ref: RecipientRef, given: dict[UUID, dict[str, Any]], now: datetime
) -> dict[str, Any]:
    return {
        "environment_id": environment_id,
        "collection": ref.collection,
        "id": ref.id,
        "given": Jsonb({str(channel_id): data for channel_id, data in given.items()}),
        "now": now,
    }


async def put_channel_data(
    connection: Connection,
    environment_id: UUID,
    ref: RecipientRef,
    given: dict[UUID, dict[str, Any]],
    now: datetime,
) -> bool:
    """Replace the data of each channel given, and leave the others; whether anything changed."""
    if not given:
        return False
    cursor = await connection.execute(PUT.format(beside=""), _values(environment_id, ref, given, now))
    return cursor.rowcount > 0


def channel_data_part(
    name: str, environment_id: UUID, ref: RecipientRef, given: dict[UUID, dict[str, Any]], now: datetime
) -> Part:
    """The same as part of a statement."""
    return Part(name, PUT.format(beside="CROSS JOIN claimed"), _values(environment_id, ref, given, now))


async def find_channel_data(
    connection: Connection, environment_id: UUID, ref: RecipientRef, channel_ids: Iterable[UUID]
) -> dict[UUID, dict[str, Any]]:
    """What the recipient has for these channels; a channel without data is left out."""
    cursor = await connection.execute(
        """
        SELECT channel_id, data FROM channel_data
        WHERE environment_id = %s AND collection = %s AND recipient_id = %s AND channel_id = ANY(%s)
        """,
        (environment_id, ref.collection, ref.id, list(channel_ids)),
    )
    return {row["channel_id"]: row["data"] for row in await cursor.fetchall()}


async def delete_channel_data(
    connection: Connection, environment_id: UUID, ref: RecipientRef, channel_id: UUID
) -> DictRow | None:
    """Forget it; the row that went, or None if there was none."""
    cursor = await connection.execute(
        """
        DELETE FROM channel_data
        WHERE environment_id = %s AND collection = %s AND recipient_id = %s AND channel_id = %s
        RETURNING *
        """,
        (environment_id, ref.collection, ref.id, channel_id),
    )
    return await cursor.fetchone()
