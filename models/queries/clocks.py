"""Whose clocks the test clock moves: open runs, unsettled messages, waiting schedules."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.where import Where
from models.values.refs import RecipientRef


@dataclass(frozen=True)
class Selection:
    """One recipient's, one run's (by its own id or its trigger's), or, with neither, everybody's."""

    recipient: RecipientRef | None = None
    run_id: UUID | None = None


def _chosen(environment_id: UUID, selection: Selection) -> Where:
    where = Where("r.environment_id = %(environment_id)s", environment_id=environment_id)
    ref = selection.recipient
    where.add_if("r.recipient_collection = %(collection)s", collection=ref.collection if ref else None)
    where.add_if("r.recipient_id = %(recipient_id)s", recipient_id=ref.id if ref else None)
    where.add_if("(r.id = %(run_id)s OR r.workflow_run_id = %(run_id)s)", run_id=selection.run_id)
    return where


async def find_open_runs(connection: Connection, environment_id: UUID, selection: Selection) -> list[DictRow]:
    """The selected open runs, and those that share an open batch window with one of them.

    `window` is the same for runs that share one: the recipient's runs of its workflow (D9).
    """
    where = _chosen(environment_id, selection)
    cursor = await connection.execute(
        f"""
        WITH chosen AS (SELECT r.* FROM recipient_runs r WHERE {where.sql} AND r.finished_at IS NULL),
        windows AS (
            SELECT DISTINCT w.workflow_key, h.recipient_collection, h.recipient_id
            FROM batch_windows w JOIN recipient_runs h ON h.id = w.owner_run_id
            WHERE w.environment_id = %(environment_id)s AND w.closed_at IS NULL
        )
        SELECT o.id, o.workflow_key, o.recipient_collection, o.recipient_id, o.incarnation, e.slug,
               (w.workflow_key IS NOT NULL) AS shares
        FROM recipient_runs o
        JOIN environments e ON e.id = o.environment_id
        LEFT JOIN windows w ON w.workflow_key = o.workflow_key
            AND w.recipient_collection = o.recipient_collection AND w.recipient_id = o.recipient_id
        WHERE o.environment_id = %(environment_id)s AND o.finished_at IS NULL AND EXISTS (
            SELECT FROM chosen c
            WHERE c.id = o.id OR (w.workflow_key IS NOT NULL AND c.workflow_key = o.workflow_key
                AND c.recipient_collection = o.recipient_collection AND c.recipient_id = o.recipient_id))
        ORDER BY o.acceptance, o.id
        """,
        where.values,
    )
    return await cursor.fetchall()


async def find_pause_ends(
    connection: Connection, environment_id: UUID, run_ids: list[UUID]
) -> list[datetime]:
    """When these runs mean to go on, those of them that are open."""
    cursor = await connection.execute(
        """
        SELECT waiting_until FROM recipient_runs
        WHERE environment_id = %s AND id = ANY(%s) AND finished_at IS NULL AND waiting_until IS NOT NULL
        """,
        (environment_id, run_ids),
    )
    return [row["waiting_until"] for row in await cursor.fetchall()]


async def find_open_messages(
    connection: Connection, environment_id: UUID, selection: Selection
) -> list[DictRow]:
    """Messages whose delivery is not settled, each with its run's id."""
    where = _chosen(environment_id, selection)
    cursor = await connection.execute(
        f"""
        SELECT m.id, m.recipient_run_id FROM messages m
        JOIN recipient_runs r ON r.environment_id = m.environment_id AND r.id = m.recipient_run_id
        WHERE {where.sql} AND m.settled_at IS NULL ORDER BY m.inserted_at, m.id
        """,
        where.values,
    )
    return await cursor.fetchall()


async def find_waiting_schedules(
    connection: Connection, environment_id: UUID, selection: Selection
) -> list[UUID]:
    """Of a recipient or of all; a run has none."""
    if selection.run_id is not None:
        return []
    where = _chosen(environment_id, selection)
    cursor = await connection.execute(
        f"SELECT r.id FROM schedules r WHERE {where.sql} AND r.next_occurrence_at IS NOT NULL ORDER BY r.id",
        where.values,
    )
    return [row["id"] for row in await cursor.fetchall()]
