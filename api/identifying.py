"""Identifying recipients by a call of their own: whole or not at all (E-TRIGGER-11, -12, -15)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from api.errors import InvalidParams
from models.database import Database
from models.queries.recipients import find_with
from models.tables.recipients import LARGEST_PROPERTIES, Identification
from models.values.given import channel_data_in, preferences_in, properties_of
from models.values.refs import RecipientRef

OURS = {"id", "collection", "__typename", "__cursor", "updated_at"}
"""Fields that a recipient who was read carries, and that are no properties when sent back."""


def read_identification(ref: RecipientRef, body: dict[str, Any] | None) -> Identification:
    """What a body says of the recipient that the path names; raises GivenMistake."""
    given = body or {}
    return Identification(
        ref,
        properties_of(given, ref.collection, but=OURS),
        preferences=preferences_in(given),
        channel_data=channel_data_in(given),
    )


async def identified(database: Database, environment_id: UUID, wanted: Identification) -> DictRow:
    """Its row afterwards; raises InvalidParams for properties that grow too large, and then wrote nothing."""
    place = (environment_id, wanted.ref)
    if not wanted.preferences and not wanted.channel_data:
        async with database.connection() as connection:
            row = await find_with(connection, *place, wanted.properties)
        # The unchanged is not even locked.
        if row is not None and row["has_all"]:
            return row
    async with database.transaction() as connection:
        await wanted.write(connection, environment_id, datetime.now(UTC))
        row = await find_with(connection, *place, wanted.properties)
        assert row is not None  # identified in this very transaction
        if not row["has_all"]:
            raise too_large("", wanted.ref)
    return row


def too_large(field: str, ref: RecipientRef) -> InvalidParams:
    """The answer to properties that do not fit."""
    most = f"{LARGEST_PROPERTIES // 1024} kB of JSON"
    return InvalidParams.of(
        field, f"All properties of {ref} together may take {most}; these would take more."
    )
