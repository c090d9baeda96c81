"""Recipients: users, tenants and objects, one row each, told apart by their collection (E-SHAPE-5)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.parts import Part
from models.tables.channel_data import channel_data_part, put_channel_data
from models.tables.columns import document, moment
from models.tables.preference_sets import preference_sets_part, put_preference_sets
from models.tables.property_merging import kept_of, merged_within
from models.values.calls_merging import merged, merged_sets
from models.values.given import GivenRecipient, GivenTenant
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


LARGEST_PROPERTIES = 256 * 1024
"""Bytes of JSON that all properties of a recipient may take (E-TRIGGER-15)."""

# Every change is later than the one before, also where a clock is behind: waits tell changes by their time.
# What would grow too large stays as it is; whoever must be told looks before.
_GIVEN: LiteralString = "%(properties)s::jsonb"
_MERGED = merged_within("r.collection", "r.properties", _GIVEN, str(LARGEST_PROPERTIES))
IDENTIFY = f"""
    INSERT INTO recipients AS r (environment_id, collection, id, properties, inserted_at, updated_at)
    SELECT %(environment_id)s, %(collection)s, %(id)s,
           merge_within('{{{{}}}}', {kept_of("%(collection)s::varchar", _GIVEN)}, {LARGEST_PROPERTIES}),
           %(now)s, %(now)s {{source}}
    ON CONFLICT (environment_id, collection, id) DO UPDATE
    SET properties = {_MERGED},
        updated_at = greatest(excluded.updated_at, r.updated_at + interval '1 microsecond')
    WHERE r.properties IS DISTINCT FROM {_MERGED}
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
) -> bool:
    """Create the recipient or deep-merge into its properties (E-TRIGGER-11); whether anything was written.

    The unchanged is not written, nor is what would make the properties larger than they may be. In a pipeline
    the answer comes too early, and is False.
    """
    cursor = await connection.execute(
        IDENTIFY.format(source=""), _identify_values(environment_id, ref, properties, now)
    )
    return cursor.rowcount > 0


@dataclass(frozen=True)
class Identification:
    """A recipient to create or to merge into, with all that is kept of it (E-TRIGGER-10 to -12).

    The one way in for triggers, the API's own calls, bulk operations, subscriptions, audiences, schedules.
    """

    ref: RecipientRef
    properties: dict[str, Any]
    preferences: dict[str, dict[str, Any]] = field(default_factory=dict)
    channel_data: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, given: GivenRecipient | GivenTenant | None) -> "Identification | None":
        """What a caller gave of a recipient; None for a bare id, which creates nobody (E-TRIGGER-10)."""
        if given is None or given.properties is None:
            return None
        return cls(given.ref, given.properties, given.preferences, given.channel_data)

    def joined_by(self, later: "Identification") -> "Identification":
        """The same recipient, named again in one call: merged deeply, as two calls would be."""
        return Identification(
            self.ref,
            merged(self.properties, later.properties),
            merged_sets(self.preferences, later.preferences),
            self.channel_data | later.channel_data,
        )

    def parts(self, name: str, environment_id: UUID, now: datetime) -> list[Part]:
        """As parts of a statement, which Postgres carries out from the last to the first."""
        values = _identify_values(environment_id, self.ref, self.properties, now)
        parts = [Part(name, IDENTIFY.format(source="FROM claimed"), values)]
        if self.channel_data:
            parts.append(
                channel_data_part(f"{name}_reached", environment_id, self.ref, self.channel_data, now)
            )
        if self.preferences:
            parts.append(
                preference_sets_part(f"{name}_prefers", environment_id, self.ref, self.preferences, now)
            )
        return parts[::-1]

    async def write(self, connection: Connection, environment_id: UUID, now: datetime) -> bool:
        """In a transaction of the caller's; whether anything was written."""
        place = (environment_id, self.ref)
        wrote = [
            await identify(connection, *place, self.properties, now),
            await put_channel_data(connection, *place, self.channel_data, now),
            await put_preference_sets(connection, *place, self.preferences, now, merge=True),
        ]
        return any(wrote)


async def find_recipient(connection: Connection, environment_id: UUID, ref: RecipientRef) -> DictRow | None:
    """The recipient's row, or None for one never identified."""
    cursor = await connection.execute(
        "SELECT * FROM recipients WHERE environment_id = %s AND collection = %s AND id = %s",
        (environment_id, ref.collection, ref.id),
    )
    return await cursor.fetchone()
