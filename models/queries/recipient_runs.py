"""What the API asks about recipient runs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where
from models.values.kinds import RunStatus
from models.values.refs import RecipientRef

_RUN: LiteralString = """
    SELECT r.id, r.workflow_run_id, r.workflow_key, r.recipient_collection, r.recipient_id,
           r.actor_collection, r.actor_id, r.tenant_id, r.cancellation_key, r.trigger_source, r.status,
           r.error_count, r.inserted_at, r.updated_at, t.schedule_id
    FROM recipient_runs r JOIN triggers t ON t.id = r.workflow_run_id
"""
_FINAL = frozenset(status.value for status in RunStatus if status.is_final)
_KEPT: LiteralString = "(r.finished_at IS NULL OR r.finished_at > %(since)s)"


@dataclass(frozen=True)
class RunFilter:
    """Which runs; what is absent or empty does not narrow. The last two bound when a run was accepted.

    What finished up to `since` is past retention (E-DEBUG-5).
    """

    since: datetime
    workflow_key: str | None = None
    statuses: list[str] = field(default_factory=list)
    tenant: str | None = None
    has_errors: bool | None = None
    recipient: RecipientRef | None = None
    starting_at: datetime | None = None
    ending_at: datetime | None = None


async def list_runs(
    connection: Connection, environment_id: UUID, wanted: RunFilter, page: Page
) -> list[DictRow]:
    """Newest first."""
    where = Where("r.environment_id = %(environment_id)s", environment_id=environment_id)
    where.add(_KEPT, since=wanted.since)
    where.add_if("r.workflow_key = %(workflow_key)s", workflow_key=wanted.workflow_key)
    where.add_if("r.status = ANY(%(statuses)s)", statuses=wanted.statuses)
    if wanted.statuses and not _FINAL.intersection(wanted.statuses):
        where.add("r.finished_at IS NULL")  # what is open has an index
    where.add_if("r.tenant_id = %(tenant)s", tenant=wanted.tenant)
    if wanted.has_errors is not None:
        # Written as the index of runs with errors has it.
        where.add("r.error_count > 0" if wanted.has_errors else "r.error_count = 0")
    where.add_if("r.inserted_at >= %(starting_at)s", starting_at=wanted.starting_at)
    where.add_if("r.inserted_at <= %(ending_at)s", ending_at=wanted.ending_at)
    if wanted.recipient is not None:
        where.add("r.recipient_collection = %(collection)s", collection=wanted.recipient.collection)
        where.add("r.recipient_id = %(recipient_id)s", recipient_id=wanted.recipient.id)
    order = paged(where, page, ("r.inserted_at", "r.id"), is_descending=True)
    cursor = await connection.execute(f"{_RUN} WHERE {where.sql} {order}", where.values)
    return await cursor.fetchall()


async def find_run(
    connection: Connection, environment_id: UUID, recipient_run_id: UUID, *, since: datetime
) -> DictRow | None:
    """None also for a run that finished up to `since`."""
    cursor = await connection.execute(
        f"{_RUN} WHERE r.environment_id = %(environment_id)s AND r.id = %(run_id)s AND {_KEPT}",
        {"environment_id": environment_id, "run_id": recipient_run_id, "since": since},
    )
    return await cursor.fetchone()


async def list_run_events(
    connection: Connection, environment_id: UUID, recipient_run_id: UUID
) -> list[DictRow]:
    """The run's log, as it happened."""
    cursor = await connection.execute(
        """
        SELECT id, event, status, attempt, step_ref, step_type, data, inserted_at FROM run_events
        WHERE environment_id = %s AND recipient_run_id = %s ORDER BY inserted_at, id
        """,
        (environment_id, recipient_run_id),
    )
    return await cursor.fetchall()
