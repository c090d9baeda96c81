"""Telling in a run's log that inline properties were too large and left out (E-TRIGGER-15)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from models.database import Connection
from models.ids import new_ksuid
from models.parts import Part
from models.tables.property_merging import merged
from models.tables.recipients import LARGEST_PROPERTIES, Identification

PROPERTIES_LEFT_OUT = "properties_left_out"
"""The line's event: the recipient keeps the properties it had, and the run goes on."""

_MERGED = merged("%(collection)s::varchar", "before.properties", "%(properties)s::jsonb")
# Looks at the recipient as it stands before this statement: log first, identify then, or both in one.
LOG = f"""
    INSERT INTO run_events
        (id, inserted_at, environment_id, recipient_run_id, event, status, attempt, data)
    SELECT %(line_id)s, %(now)s, %(environment_id)s, %(run_id)s, '{PROPERTIES_LEFT_OUT}', 'error', 1,
           jsonb_build_object('bytes', grown.bytes, 'most', {LARGEST_PROPERTIES})
    FROM (
        SELECT octet_length({_MERGED}::text)
            AS bytes
        FROM (SELECT coalesce((
            SELECT r.properties FROM recipients r
            WHERE r.environment_id = %(environment_id)s AND r.collection = %(collection)s AND r.id = %(id)s
        ), '{{{{}}}}') AS properties) AS before
    ) AS grown {{beside}}
    WHERE grown.bytes > {LARGEST_PROPERTIES}
"""


def _values(
    environment_id: UUID, run_id: UUID, identification: Identification, now: datetime
) -> dict[str, Any]:
    return {
        "line_id": new_ksuid(),
        "now": now,
        "environment_id": environment_id,
        "run_id": run_id,
        "collection": identification.ref.collection,
        "id": identification.ref.id,
        "properties": Jsonb(identification.properties),
    }


async def log_oversize(
    connection: Connection, environment_id: UUID, run_id: UUID, identification: Identification, now: datetime
) -> None:
    """Write the line, if identifying next is going to leave properties out."""
    await connection.execute(LOG.format(beside=""), _values(environment_id, run_id, identification, now))


def oversize_part(environment_id: UUID, run_id: UUID, identification: Identification, now: datetime) -> Part:
    """The same as part of the statement that identifies."""
    values = _values(environment_id, run_id, identification, now)
    return Part("oversize", LOG.format(beside="CROSS JOIN claimed"), values)
