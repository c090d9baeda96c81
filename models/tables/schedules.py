"""Schedules: workflows that run by the clock, one row for each recipient (E-SCHED-1)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Json, Jsonb
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import document, moment, verbatim_document
from models.values.refs import RecipientRef


class Schedule(SQLModel, table=True):
    """The truth about a schedule; its workflow only sleeps until `next_occurrence_at` (D12).

    That moment was computed in `zone` as the first after `counted_from`. `firing_at` is the occurrence that
    was claimed and whose trigger is not known to be accepted; `skipped_at` the last one that did not run.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        Index("schedules_by_workflow", "environment_id", "workflow_key", "inserted_at", "id"),
        Index("schedules_by_recipient", "environment_id", "recipient_collection", "recipient_id"),
        Index(
            "schedules_awake",
            "environment_id",
            "checked_at",
            postgresql_where=text("next_occurrence_at IS NOT NULL OR firing_at IS NOT NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    branch_id: UUID | None = None
    workflow_key: str
    recipient_collection: str
    recipient_id: str
    actor_collection: str | None = None
    actor_id: str | None = None
    tenant_id: str | None = None
    data: dict[str, Any] = verbatim_document()
    repeats: list[Any] = document()
    anchors: list[Any] = document()
    scheduled_at: datetime | None = moment(nullable=True)
    ending_at: datetime | None = moment(nullable=True)
    zone: str
    counted_from: datetime = moment()
    next_occurrence_at: datetime | None = moment(nullable=True)
    last_occurrence_at: datetime | None = moment(nullable=True)
    firing_at: datetime | None = moment(nullable=True)
    skipped_at: datetime | None = moment(nullable=True)
    skip_reason: str | None = None
    checked_at: datetime | None = moment(nullable=True)
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


_COLUMNS = tuple(Schedule.model_fields)
_DOCUMENTS = {"data": Json, "repeats": Jsonb, "anchors": Jsonb}


async def insert_schedule(connection: Connection, schedule: Schedule) -> None:
    """Write a schedule down before its workflow starts."""
    await connection.execute(
        """
        INSERT INTO schedules (id, environment_id, branch_id, workflow_key, recipient_collection,
            recipient_id, actor_collection, actor_id, tenant_id, data, repeats, anchors, scheduled_at,
            ending_at, zone, counted_from, next_occurrence_at, last_occurrence_at, firing_at, skipped_at,
            skip_reason, checked_at, inserted_at, updated_at)
        VALUES (%(id)s, %(environment_id)s, %(branch_id)s, %(workflow_key)s, %(recipient_collection)s,
            %(recipient_id)s, %(actor_collection)s, %(actor_id)s, %(tenant_id)s, %(data)s, %(repeats)s,
            %(anchors)s, %(scheduled_at)s, %(ending_at)s, %(zone)s, %(counted_from)s, %(next_occurrence_at)s,
            %(last_occurrence_at)s, %(firing_at)s, %(skipped_at)s, %(skip_reason)s, %(checked_at)s,
            %(inserted_at)s, %(updated_at)s)
        """,
        _values(schedule),
    )


async def rewrite_schedule(connection: Connection, schedule: Schedule) -> None:
    """Write what an update of a locked schedule changed."""
    await connection.execute(
        """
        UPDATE schedules
        SET actor_collection = %(actor_collection)s, actor_id = %(actor_id)s, tenant_id = %(tenant_id)s,
            data = %(data)s, repeats = %(repeats)s, anchors = %(anchors)s, scheduled_at = %(scheduled_at)s,
            ending_at = %(ending_at)s, zone = %(zone)s, counted_from = %(counted_from)s,
            next_occurrence_at = %(next_occurrence_at)s, updated_at = %(updated_at)s
        WHERE environment_id = %(environment_id)s AND id = %(id)s
        """,
        _values(schedule),
    )


async def lock_schedules(connection: Connection, environment_id: UUID, ids: list[UUID]) -> list[DictRow]:
    """Those that exist, with the zones that count for them, in the order of their ids."""
    cursor = await connection.execute(
        f"{STANDING} WHERE s.environment_id = %s AND s.id = ANY(%s) ORDER BY s.id FOR UPDATE OF s",
        (environment_id, ids),
    )
    return await cursor.fetchall()


STANDING = """
    SELECT s.*, e.slug, r.properties ->> 'timezone' AS recipient_timezone, a.timezone AS account_timezone,
           w.current_version_id, w.active
    FROM schedules s
    JOIN environments e ON e.id = s.environment_id
    CROSS JOIN account a
    LEFT JOIN recipients r ON r.environment_id = s.environment_id
        AND r.collection = s.recipient_collection AND r.id = s.recipient_id
    LEFT JOIN resources w ON w.environment_id = coalesce(s.branch_id, s.environment_id)
        AND w.type = 'workflow' AND w.key = s.workflow_key AND w.archived_at IS NULL
"""


async def lock_schedule(connection: Connection, environment_id: UUID, schedule_id: UUID) -> DictRow | None:
    """A schedule with its zones and its workflow; nobody changes it until the transaction ends."""
    found = await lock_schedules(connection, environment_id, [schedule_id])
    return found[0] if found else None


async def move_on(
    connection: Connection, schedule: DictRow, *, due: datetime | None, zone: str, counted_from: datetime
) -> None:
    """Set the next occurrence of a locked schedule."""
    await connection.execute(
        """
        UPDATE schedules SET next_occurrence_at = %s, zone = %s, counted_from = %s
        WHERE environment_id = %s AND id = %s
        """,
        (due, zone, counted_from, schedule["environment_id"], schedule["id"]),
    )


async def claim_occurrence(connection: Connection, schedule: DictRow, occurrence: datetime) -> None:
    """From now on this occurrence of a locked schedule happens, whatever becomes of the schedule."""
    await connection.execute(
        """
        UPDATE schedules SET firing_at = %(at)s, last_occurrence_at = %(at)s
        WHERE environment_id = %(environment_id)s AND id = %(id)s
        """,
        {"at": occurrence, "environment_id": schedule["environment_id"], "id": schedule["id"]},
    )


async def settle_occurrence(connection: Connection, environment_id: UUID, schedule_id: UUID) -> None:
    """The trigger of the claimed occurrence is accepted."""
    await connection.execute(
        "UPDATE schedules SET firing_at = NULL WHERE environment_id = %s AND id = %s",
        (environment_id, schedule_id),
    )


async def skip_occurrence(
    connection: Connection, schedule: DictRow, occurrence: datetime, reason: str
) -> None:
    """An occurrence that cannot run is remembered, and the schedule kept (E-SCHED-12)."""
    await connection.execute(
        """
        UPDATE schedules SET firing_at = NULL, skipped_at = %s, skip_reason = %s
        WHERE environment_id = %s AND id = %s
        """,
        (occurrence, reason, schedule["environment_id"], schedule["id"]),
    )


async def delete_schedules(connection: Connection, environment_id: UUID, ids: list[UUID]) -> None:
    """Their pending occurrences will not happen (E-SCHED-10)."""
    await connection.execute(
        "DELETE FROM schedules WHERE environment_id = %s AND id = ANY(%s)", (environment_id, ids)
    )


async def find_schedule_of_run(
    connection: Connection, environment_id: UUID, workflow_run_id: UUID
) -> DictRow | None:
    """The schedule that a run was triggered by, if it still exists."""
    cursor = await connection.execute(
        """
        SELECT s.id, s.last_occurrence_at, s.next_occurrence_at
        FROM triggers t JOIN schedules s ON s.environment_id = t.environment_id AND s.id = t.schedule_id
        WHERE t.environment_id = %s AND t.id = %s
        """,
        (environment_id, workflow_run_id),
    )
    return await cursor.fetchone()


async def find_in_other_zone(connection: Connection, environment_id: UUID, ref: RecipientRef) -> list[UUID]:
    """Waiting schedules of a recipient whose next occurrence was computed in a zone of before."""
    cursor = await connection.execute(
        """
        SELECT s.id FROM schedules s
        CROSS JOIN account a
        LEFT JOIN recipients r ON r.environment_id = s.environment_id
            AND r.collection = s.recipient_collection AND r.id = s.recipient_id
        WHERE s.environment_id = %s AND s.recipient_collection = %s AND s.recipient_id = %s
          AND s.next_occurrence_at IS NOT NULL AND s.repeats <> '[]'
          AND s.zone <> coalesce(r.properties ->> 'timezone', a.timezone)
        """,
        (environment_id, ref.collection, ref.id),
    )
    return [row["id"] for row in await cursor.fetchall()]


async def take_unchecked_schedules(
    connection: Connection, environment_id: UUID, now: datetime, quiet: datetime, stale: datetime
) -> list[DictRow]:
    """Up to 200 schedules with something to do, not looked at since `stale`; marks them as looked at."""
    cursor = await connection.execute(
        """
        WITH due AS (
            SELECT id FROM schedules
            WHERE environment_id = %(environment_id)s AND updated_at < %(quiet)s
              AND (next_occurrence_at IS NOT NULL OR firing_at IS NOT NULL)
              AND (checked_at IS NULL OR checked_at < %(stale)s)
            ORDER BY checked_at NULLS FIRST LIMIT 200
            FOR UPDATE SKIP LOCKED
        )
        UPDATE schedules s SET checked_at = %(now)s
        FROM due, environments e, account a
        WHERE s.environment_id = %(environment_id)s AND s.id = due.id AND e.id = s.environment_id
        RETURNING s.id, s.environment_id, s.zone, s.workflow_key, s.recipient_collection, s.recipient_id,
                  e.slug, a.timezone AS account_timezone, (
                      SELECT r.properties ->> 'timezone' FROM recipients r
                      WHERE r.environment_id = s.environment_id AND r.collection = s.recipient_collection
                        AND r.id = s.recipient_id
                  ) AS recipient_timezone
        """,
        {"environment_id": environment_id, "now": now, "quiet": quiet, "stale": stale},
    )
    return await cursor.fetchall()


def _values(schedule: Schedule) -> dict[str, Any]:
    values = {name: getattr(schedule, name) for name in _COLUMNS}
    return values | {name: wrap(values[name]) for name, wrap in _DOCUMENTS.items()}
