"""Recipients: users, tenants and objects, one row each, told apart by their collection (E-SHAPE-5)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.parts import Part
from models.tables.columns import document, moment
from models.values.refs import RecipientRef


class Recipient(SQLModel, table=True):
    """Whom we notify, with every property the caller gave, reserved ones included."""

    __tablename__ = "recipients"
    __table_args__ = (Index("recipients_by_time", "environment_id", "collection", "inserted_at", "id"),)

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    collection: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    properties: dict[str, Any] = document()
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


IDENTIFY = """
    INSERT INTO recipients AS r (environment_id, collection, id, properties, inserted_at, updated_at)
    SELECT %(environment_id)s, %(collection)s, %(id)s, %(properties)s, %(now)s, %(now)s {source}
    ON CONFLICT (environment_id, collection, id) DO UPDATE
    SET properties = deep_merge(r.properties, excluded.properties), updated_at = excluded.updated_at
    WHERE r.properties IS DISTINCT FROM deep_merge(r.properties, excluded.properties)
"""


def _identify_values(
    environment_id: UUID, ref: RecipientRef, properties: dict[str, Any], now: datetime
) -> dict[str, Any]:
    return {
        "environment_id": environment_id,
        "collection": ref.collection,
        "id": ref.id,
        "properties": Jsonb(properties),
        "now": now,
    }


async def identify(
    connection: Connection, environment_id: UUID, ref: RecipientRef, properties: dict[str, Any], now: datetime
) -> None:
    """Create the recipient or deep-merge into its properties (E-TRIGGER-11); the unchanged is not written."""
    await connection.execute(
        IDENTIFY.format(source=""), _identify_values(environment_id, ref, properties, now)
    )


@dataclass(frozen=True)
class Identification:
    """A recipient to create or to merge into, beside another write."""

    ref: RecipientRef
    properties: dict[str, Any]

    def part(self, name: str, environment_id: UUID, now: datetime) -> Part:
        values = _identify_values(environment_id, self.ref, self.properties, now)
        return Part(name, IDENTIFY.format(source="FROM claimed"), values)


async def find_recipient(connection: Connection, environment_id: UUID, ref: RecipientRef) -> DictRow | None:
    """The recipient's row, or None for one never identified."""
    cursor = await connection.execute(
        "SELECT * FROM recipients WHERE environment_id = %s AND collection = %s AND id = %s",
        (environment_id, ref.collection, ref.id),
    )
    return await cursor.fetchone()
