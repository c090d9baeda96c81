"""Identifying recipients by a call of their own: whole or not at all (E-TRIGGER-11, -12, -15)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import Depends
from psycopg.rows import DictRow

from api.dependencies import Caller, Credential, Db, TemporalClient, UserCaller
from api.errors import InvalidParams
from dispatch.schedules import rouse
from dispatch.temporal import Temporal
from dispatch.waking import wake_for_recipients
from models.database import Database
from models.queries.recipients import find_with
from models.tables.recipients import LARGEST_PROPERTIES, Identification
from models.tables.schedules import find_in_other_zone
from models.values.given import GivenMistake, channel_data_in, preferences_in, properties_of
from models.values.refs import TENANTS, USERS, RecipientRef

_OURS_OF_OBJECTS = {"id", "collection", "__typename"}
_OURS = _OURS_OF_OBJECTS | {"__cursor", "updated_at"}
"""Fields that a user or tenant who was read carries beside their properties, and may be sent back with."""


@cache
def _zones() -> frozenset[str]:
    """Read once: they are hundreds of files."""
    return frozenset(available_timezones())


def read_identification(ref: RecipientRef, body: dict[str, Any] | None) -> Identification:
    """What a body says of the recipient that the path names; raises GivenMistake."""
    given = body or {}
    zone = given.get("timezone")
    # Here only: a trigger is not refused for whom it names (E-TRIGGER-15).
    if ref.collection == USERS and isinstance(zone, str) and zone and zone not in _zones():
        raise GivenMistake("timezone", "must be an IANA time zone such as Europe/Berlin")
    ours = _OURS if ref.collection in (USERS, TENANTS) else _OURS_OF_OBJECTS
    return Identification(
        ref,
        properties_of(given, ref.collection, but=ours),
        preferences=preferences_in(given),
        channel_data=channel_data_in(given),
    )


@dataclass(frozen=True)
class Identifier:
    """Identifies in the caller's name, and lets schedules follow into another time zone."""

    caller: Credential
    database: Database
    temporal: Temporal

    async def identified(self, wanted: Identification) -> DictRow:
        """The row afterwards; raises InvalidParams for properties that grow too large: nothing is kept."""
        environment_id = self.caller.environment_id
        if not wanted.preferences and not wanted.channel_data:
            async with self.database.connection() as connection:
                row = await find_with(connection, environment_id, wanted.ref, wanted.properties)
            # The unchanged is not even locked.
            if row is not None and row["has_all"]:
                return row
        row, moved = await self._written(wanted)
        await rouse(self.temporal, environment_id, moved)
        await wake_for_recipients(self.database, self.temporal, environment_id, [wanted.ref])
        return row

    async def _written(self, wanted: Identification) -> tuple[DictRow, list[UUID]]:
        environment_id = self.caller.environment_id
        async with self.database.transaction() as connection:
            await wanted.write(connection, environment_id, datetime.now(UTC))
            row = await find_with(connection, environment_id, wanted.ref, wanted.properties)
            assert row is not None  # identified in this very transaction
            if not row["has_all"]:
                raise too_large("", wanted.ref)
            has_zone = "timezone" in wanted.properties
            return row, await find_in_other_zone(connection, environment_id, wanted.ref) if has_zone else []


async def _of_user(caller: UserCaller, database: Db, temporal: TemporalClient) -> Identifier:
    return Identifier(caller, database, temporal)


async def _of_server(caller: Caller, database: Db, temporal: TemporalClient) -> Identifier:
    return Identifier(caller, database, temporal)


UserIdentifier = Annotated[Identifier, Depends(_of_user)]
"""For a server or a browser."""
ServerIdentifier = Annotated[Identifier, Depends(_of_server)]
"""For a server."""


def too_large(field: str, ref: RecipientRef) -> InvalidParams:
    """The answer to properties that do not fit."""
    most = f"{LARGEST_PROPERTIES // 1024} kB of JSON"
    return InvalidParams.of(
        field, f"All properties of {ref} together may take {most}; these would take more."
    )
