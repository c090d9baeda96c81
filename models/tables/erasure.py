"""Erasing what is past retention: whole runs, once nobody works on them or reads them any more (D13).

A feed item outlives its run (E-MSG-15): with its message it stays, and keeps the activities that it shows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from models.database import Connection

Erased = Counter[str]
"""Rows that went, by table."""


@dataclass(frozen=True)
class Past:
    """What is erased in one transaction: at most `limit` runs, windows or cancels that ended `before`."""

    environment_id: UUID
    before: datetime
    limit: int

    @property
    def values(self) -> dict[str, Any]:
        return dict(vars(self))


ACTIVITY: LiteralString = """
    SELECT r.activity_id AS id, r.id AS recipient_run_id, r.acceptance, r.inserted_at,
           r.recipient_collection, r.recipient_id, r.actor_collection, r.actor_id, r.trigger_data, t.data
    FROM recipient_runs r JOIN triggers t ON t.id = r.workflow_run_id
"""
"""One activity, read off its run: it is not stored as long as the run is there."""
SHOWN_ACTIVITIES = 10
"""Activities that a feed item shows, the first ones; `total_activities` tells how many there are."""

_KEEP: LiteralString = f"""
    UPDATE feed_items f SET kept_activities = (
        SELECT coalesce(json_agg(row_to_json(a) ORDER BY a.acceptance, a.recipient_run_id), '[]') FROM (
            {ACTIVITY} WHERE r.environment_id = f.environment_id AND r.id = ANY(ARRAY(
                SELECT b.recipient_run_id FROM batch_members b
                WHERE b.window_id = f.window_id AND b.left_at IS NULL
                UNION ALL SELECT f.recipient_run_id WHERE f.window_id IS NULL))
            ORDER BY r.acceptance, r.id LIMIT {SHOWN_ACTIVITIES}) a)
    WHERE f.environment_id = %(environment_id)s AND f.kept_activities IS NULL AND f.message_id IN (
        SELECT m.id FROM messages m WHERE m.environment_id = %(environment_id)s
          AND m.recipient_run_id = ANY(%(runs)s))
"""

_WINDOWS: LiteralString = """
    SELECT w.id, w.owner_run_id FROM batch_windows w LEFT JOIN recipient_runs o ON o.id = w.owner_run_id
    WHERE w.environment_id = %(environment_id)s AND w.taken_at < %(before)s
      AND (w.owner_run_id IS NULL OR o.id IS NULL OR o.finished_at < %(before)s)
    ORDER BY w.taken_at LIMIT %(limit)s FOR UPDATE OF w SKIP LOCKED
"""

# Read by time of acceptance, which has an index: what is left behind is open, or it ended lately.
_RUNS: LiteralString = """
    SELECT r.id, r.workflow_run_id FROM recipient_runs r JOIN triggers t ON t.id = r.workflow_run_id
    WHERE r.environment_id = %(environment_id)s AND r.inserted_at < %(before)s
      AND r.finished_at < %(before)s AND t.fan_out IS DISTINCT FROM 'pending'
      AND NOT EXISTS (SELECT FROM batch_members b WHERE b.recipient_run_id = r.id)
      AND NOT EXISTS (SELECT FROM batch_windows w WHERE w.taken_at IS NULL AND w.leader_run_id = r.id)
      AND NOT EXISTS (
          SELECT FROM messages m WHERE m.recipient_run_id = r.id AND m.settled_at IS NULL)
    ORDER BY r.inserted_at, r.id LIMIT %(limit)s FOR UPDATE OF r SKIP LOCKED
"""

_OF_RUNS: dict[str, LiteralString] = {
    "message_events": "environment_id = %(environment_id)s AND message_id = ANY(%(messages)s)",
    "delivery_logs": "environment_id = %(environment_id)s AND message_id = ANY(%(messages)s)",
    "delivery_attempts": "message_id = ANY(%(messages)s)",
    "messages": """
        environment_id = %(environment_id)s AND id = ANY(%(messages)s)
        AND NOT EXISTS (SELECT FROM feed_items f WHERE f.message_id = messages.id)
    """,
    "run_events": "environment_id = %(environment_id)s AND recipient_run_id = ANY(%(runs)s)",
    "step_ledger": "recipient_run_id = ANY(%(runs)s)",
    "event_waits": "environment_id = %(environment_id)s AND recipient_run_id = ANY(%(runs)s)",
    "recipient_runs": "environment_id = %(environment_id)s AND id = ANY(%(runs)s)",
    "triggers": """
        environment_id = %(environment_id)s AND id = ANY(%(triggers)s)
        AND NOT EXISTS (SELECT FROM recipient_runs r WHERE r.workflow_run_id = triggers.id)
    """,
}
"""What a run leaves behind, by table: those that point at others first."""


async def erase_windows(connection: Connection, past: Past) -> Erased:
    """Forget closed windows whose owner is past retention; from then on their runs may be erased."""
    cursor = await connection.execute(_WINDOWS, past.values)
    found = await cursor.fetchall()
    if not found:
        return Erased()
    given = {"environment_id": past.environment_id, "windows": [row["id"] for row in found]}
    await connection.execute(
        _KEEP, given | {"runs": [row["owner_run_id"] for row in found if row["owner_run_id"] is not None]}
    )
    members = await connection.execute("DELETE FROM batch_members WHERE window_id = ANY(%(windows)s)", given)
    await connection.execute(
        "DELETE FROM batch_windows WHERE environment_id = %(environment_id)s AND id = ANY(%(windows)s)", given
    )
    return Erased({"batch_windows": len(found), "batch_members": members.rowcount})


async def erase_runs(connection: Connection, past: Past) -> Erased:
    """Delete finished runs with all that tells of them, and triggers without any run left.

    Runs stay that a window still holds, that have a message to send, or whose trigger still starts others.
    """
    cursor = await connection.execute(_RUNS, past.values)
    found = await cursor.fetchall()
    if not found:
        return Erased()
    given: dict[str, Any] = {"environment_id": past.environment_id, "runs": [row["id"] for row in found]}
    given["triggers"] = list({row["workflow_run_id"] for row in found})
    given["messages"] = await _messages_of(connection, given)
    await connection.execute(_KEEP, given)
    erased = Erased()
    for table, condition in _OF_RUNS.items():
        gone = await connection.execute(f"DELETE FROM {table} WHERE {condition}", given)
        erased[table] = gone.rowcount
    await connection.execute(
        "UPDATE reconciliations SET erased = erased + %s WHERE environment_id = %s",
        (erased["recipient_runs"], past.environment_id),
    )
    return +erased


async def erase_cancels(connection: Connection, past: Past) -> Erased:
    """Delete cancels that no open run, no open window, and no run still to be started may have to obey."""
    gone = await connection.execute(
        """
        DELETE FROM cancels WHERE acceptance IN (
            SELECT c.acceptance FROM cancels c
            WHERE c.environment_id = %(environment_id)s AND c.inserted_at < %(before)s
              AND NOT EXISTS (
                  SELECT FROM recipient_runs r
                  WHERE r.environment_id = c.environment_id AND r.workflow_key = c.workflow_key
                    AND r.cancellation_key = c.cancellation_key AND r.finished_at IS NULL)
              AND NOT EXISTS (
                  -- Whoever was absorbed has finished, and leaves by its cancel when the window closes.
                  SELECT FROM batch_windows w
                  JOIN batch_members b ON b.window_id = w.id AND b.left_at IS NULL
                  JOIN recipient_runs r ON r.id = b.recipient_run_id
                  WHERE w.environment_id = c.environment_id AND w.workflow_key = c.workflow_key
                    AND w.closed_at IS NULL AND r.cancellation_key = c.cancellation_key)
              AND NOT EXISTS (
                  SELECT FROM triggers t
                  WHERE t.environment_id = c.environment_id AND t.workflow_key = c.workflow_key
                    AND t.cancellation_key = c.cancellation_key AND t.fan_out = 'pending')
            ORDER BY c.inserted_at LIMIT %(limit)s)
        """,
        past.values,
    )
    return +Erased({"cancels": gone.rowcount})


async def _messages_of(connection: Connection, given: dict[str, Any]) -> Sequence[str]:
    cursor = await connection.execute(
        """
        SELECT id FROM messages WHERE environment_id = %(environment_id)s AND recipient_run_id = ANY(%(runs)s)
        ORDER BY id FOR UPDATE
        """,
        given,
    )
    return [row["id"] for row in await cursor.fetchall()]
