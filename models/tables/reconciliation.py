"""What the reconciler reads of one environment: rows that may have lost their workflow (D5)."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.tables.cancels import LATER_CANCEL

CARRIER = """
    r.id, r.environment_id, r.workflow_key, r.workflow_run_id, r.recipient_collection, r.recipient_id,
    r.incarnation, r.tenant_id, r.cancellation_key, r.status, e.slug
"""


async def list_environments(connection: Connection) -> list[DictRow]:
    """Every environment: the reconciler looks at one after the other."""
    cursor = await connection.execute(
        "SELECT id, slug FROM environments WHERE branch_of IS NULL ORDER BY position"
    )
    return await cursor.fetchall()


async def find_unanswered(
    connection: Connection, environment_id: UUID, before: datetime, limit: int
) -> list[DictRow]:
    """Triggers older than `before` whose caller never heard 2xx."""
    cursor = await connection.execute(
        """
        SELECT id, workflow_key, fan_out FROM triggers
        WHERE environment_id = %s AND answered_at IS NULL AND retired_at IS NULL AND inserted_at < %s
        ORDER BY inserted_at LIMIT %s
        """,
        (environment_id, before, limit),
    )
    return await cursor.fetchall()


async def find_unfinished_fan_outs(
    connection: Connection, environment_id: UUID, before: datetime, limit: int
) -> list[DictRow]:
    """Answered triggers older than `before` whose recipients were not all started.

    Any of them: the oldest may be at work for long, and one that was lost must not wait behind them.
    """
    cursor = await connection.execute(
        """
        SELECT id, workflow_key, tenant_id FROM triggers
        WHERE environment_id = %s AND fan_out = 'pending' AND answered_at < %s AND retired_at IS NULL
        ORDER BY random() LIMIT %s
        """,
        (environment_id, before, limit),
    )
    return await cursor.fetchall()


async def abandon_fan_out(connection: Connection, environment_id: UUID, trigger_id: UUID) -> bool:
    """Whoever has no run by now gets none, as somebody ended the workflow; False for one that got done."""
    cursor = await connection.execute(
        """
        UPDATE triggers SET fan_out = 'abandoned'
        WHERE environment_id = %s AND id = %s AND fan_out = 'pending'
        """,
        (environment_id, trigger_id),
    )
    return cursor.rowcount > 0


async def find_runs_of(connection: Connection, environment_id: UUID, trigger_id: UUID) -> list[DictRow]:
    """The recipient runs a trigger has so far."""
    cursor = await connection.execute(
        f"""
        SELECT {CARRIER} FROM recipient_runs r JOIN environments e ON e.id = r.environment_id
        WHERE r.environment_id = %s AND r.workflow_run_id = %s
        """,
        (environment_id, trigger_id),
    )
    return await cursor.fetchall()


async def retire(connection: Connection, environment_id: UUID, trigger_id: UUID, now: datetime) -> bool:
    """Withdraw a trigger that was never answered, and its runs; False when it was answered meanwhile."""
    cursor = await connection.execute(
        """
        UPDATE triggers SET retired_at = %s
        WHERE environment_id = %s AND id = %s AND answered_at IS NULL AND retired_at IS NULL
        """,
        (now, environment_id, trigger_id),
    )
    if cursor.rowcount == 0:
        return False
    await connection.execute(
        """
        UPDATE recipient_runs
        SET status = 'cancelled', outcome = 'terminated', outcome_reason = 'the trigger was never answered',
            updated_at = %s, finished_at = %s
        WHERE environment_id = %s AND workflow_run_id = %s AND finished_at IS NULL
        """,
        (now, now, environment_id, trigger_id),
    )
    return True


async def take_unchecked(
    connection: Connection, environment_id: UUID, now: datetime, quiet: datetime, stale: datetime
) -> list[DictRow]:
    """Up to 200 open runs that were quiet since `quiet` and not looked at since `stale`; marks them.

    A fan-out that goes on starts what it has written by itself.
    """
    cursor = await connection.execute(
        f"""
        WITH due AS (
            SELECT id FROM recipient_runs
            WHERE environment_id = %(environment_id)s AND finished_at IS NULL AND updated_at < %(quiet)s
              AND (checked_at IS NULL OR checked_at < %(stale)s)
              AND NOT (status = 'queued' AND EXISTS (
                  SELECT FROM triggers f WHERE f.id = workflow_run_id AND f.fan_out = 'pending'))
            ORDER BY checked_at NULLS FIRST LIMIT 200
            FOR UPDATE SKIP LOCKED
        )
        UPDATE recipient_runs r SET checked_at = %(now)s
        FROM due, environments e, triggers t
        WHERE r.id = due.id AND e.id = r.environment_id AND t.id = r.workflow_run_id
        RETURNING {CARRIER}, t.answered_at
        """,
        {"environment_id": environment_id, "now": now, "quiet": quiet, "stale": stale},
    )
    return await cursor.fetchall()


async def find_orphaned_windows(
    connection: Connection,
    environment_id: UUID,
    now: datetime,
    overdue: datetime,
    after: DictRow | None = None,
    limit: int = 200,
) -> list[DictRow]:
    """Windows that nobody went on with: held by nobody, or due since before `overdue`; a page after one."""
    cursor = await connection.execute(
        """
        SELECT w.id, w.owner_run_id, w.closes_at FROM batch_windows w
        WHERE w.environment_id = %(environment_id)s AND w.taken_at IS NULL
          AND (w.closes_at < %(overdue)s
               OR (w.owner_run_id IS NULL AND (w.closes_at < %(now)s OR EXISTS (
                   SELECT FROM batch_members m WHERE m.window_id = w.id AND m.left_at IS NULL))))
          AND (%(after_id)s::uuid IS NULL OR (w.closes_at, w.id) > (%(after)s, %(after_id)s))
        ORDER BY w.closes_at, w.id LIMIT %(limit)s
        """,
        {
            "environment_id": environment_id,
            "now": now,
            "overdue": overdue,
            "after": after["closes_at"] if after else None,
            "after_id": after["id"] if after else None,
            "limit": limit,
        },
    )
    return await cursor.fetchall()


async def take_deaf(
    connection: Connection, environment_id: UUID, now: datetime, before: datetime, stale: datetime
) -> list[DictRow]:
    """Up to 200 open runs that a cancel applies to, and that did not act on it since `before`; marks them.

    Those told again since `stale` are left out: one whose last message is being sent stays open, and can act
    on nothing any more.
    """
    cursor = await connection.execute(
        f"""
        WITH deaf AS (
            SELECT r.id, {LATER_CANCEL} AS later_cancel FROM recipient_runs r
            WHERE r.environment_id = %(environment_id)s AND r.finished_at IS NULL
              AND r.cancellation_key IS NOT NULL AND r.updated_at < %(before)s
              AND (r.cancel_told_at IS NULL OR r.cancel_told_at < %(stale)s) AND {LATER_CANCEL} IS NOT NULL
            ORDER BY r.cancel_told_at NULLS FIRST LIMIT 200
            FOR UPDATE SKIP LOCKED
        )
        UPDATE recipient_runs r SET cancel_told_at = %(now)s
        FROM deaf, environments e
        WHERE r.id = deaf.id AND e.id = r.environment_id
        RETURNING {CARRIER}, deaf.later_cancel
        """,
        {"environment_id": environment_id, "now": now, "before": before, "stale": stale},
    )
    return await cursor.fetchall()


async def find_undelivered(connection: Connection, environment_id: UUID, before: datetime) -> list[DictRow]:
    """Unsettled messages of finished runs that nothing happened to since `before`, unless they wait."""
    cursor = await connection.execute(
        """
        SELECT m.id, m.attempts, m.retries FROM messages m
        JOIN recipient_runs r ON r.environment_id = m.environment_id AND r.id = m.recipient_run_id
        WHERE m.environment_id = %(environment_id)s AND m.settled_at IS NULL AND m.updated_at < %(before)s
          AND r.finished_at < %(before)s
          AND (m.scheduled_at IS NULL OR m.scheduled_at < %(before)s)
        ORDER BY m.inserted_at LIMIT 100
        """,
        {"environment_id": environment_id, "before": before},
    )
    return await cursor.fetchall()


async def has_open_member(connection: Connection, window_id: UUID) -> bool:
    """Whether the run of one that a window holds is still at work."""
    cursor = await connection.execute(
        """
        SELECT FROM batch_members m JOIN recipient_runs r ON r.id = m.recipient_run_id
        WHERE m.window_id = %s AND m.left_at IS NULL AND r.finished_at IS NULL LIMIT 1
        """,
        (window_id,),
    )
    return await cursor.fetchone() is not None


async def reopen(
    connection: Connection, environment_id: UUID, run_id: UUID, window_id: UUID | None, now: datetime
) -> int:
    """A run goes on in another workflow, with this window or with its open wait; its new incarnation (D9)."""
    cursor = await connection.execute(
        """
        UPDATE recipient_runs
        SET status = 'paused', outcome = NULL, outcome_reason = NULL, finished_at = NULL,
            incarnation = incarnation + 1, resume_window_id = %s, updated_at = %s, checked_at = %s
        WHERE environment_id = %s AND id = %s RETURNING incarnation
        """,
        (window_id, now, now, environment_id, run_id),
    )
    row = await cursor.fetchone()
    if row is None:
        raise LookupError(f"recipient run {run_id} has no row")
    return int(row["incarnation"])


async def take_up_again(connection: Connection, environment_id: UUID, run_id: UUID, now: datetime) -> int:
    """An open run goes on in another workflow, from where its rows say that it is; its new incarnation."""
    cursor = await connection.execute(
        """
        UPDATE recipient_runs SET incarnation = incarnation + 1, updated_at = %s, checked_at = %s
        WHERE environment_id = %s AND id = %s RETURNING incarnation
        """,
        (now, now, environment_id, run_id),
    )
    row = await cursor.fetchone()
    if row is None:
        raise LookupError(f"recipient run {run_id} has no row")
    return int(row["incarnation"])


async def find_known_triggers(
    connection: Connection, environment_id: UUID, trigger_ids: list[UUID]
) -> dict[UUID, str | None]:
    """Those of these triggers that have a row, with the state of their fan-out."""
    cursor = await connection.execute(
        "SELECT id, fan_out FROM triggers WHERE environment_id = %s AND id = ANY(%s)",
        (environment_id, trigger_ids),
    )
    return {row["id"]: row["fan_out"] for row in await cursor.fetchall()}


async def list_open_runs(
    connection: Connection, environment_id: UUID, after: UUID | None, limit: int
) -> list[DictRow]:
    """A page of open runs, in the order of their ids."""
    cursor = await connection.execute(
        f"""
        SELECT {CARRIER} FROM recipient_runs r JOIN environments e ON e.id = r.environment_id
        WHERE r.environment_id = %(environment_id)s AND r.finished_at IS NULL
          AND (%(after)s::uuid IS NULL OR r.id > %(after)s)
        ORDER BY r.id LIMIT %(limit)s
        """,
        {"environment_id": environment_id, "after": after, "limit": limit},
    )
    return await cursor.fetchall()
