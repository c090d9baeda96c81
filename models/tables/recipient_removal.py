"""Deleting recipients with everything that is kept of them; hard, at once (E-LIMITS 48)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.values.kinds import Outcome
from models.values.refs import USERS, RecipientRef

REASON = "the recipient was deleted"

_OF_RECIPIENT: LiteralString = """
    environment_id = %(environment_id)s AND recipient_collection = %(collection)s
    AND recipient_id = ANY(%(ids)s)
"""
_MESSAGES: LiteralString = f"SELECT id FROM messages WHERE {_OF_RECIPIENT}"
_FINISHED: LiteralString = f"SELECT id FROM recipient_runs WHERE {_OF_RECIPIENT} AND NOT id = ANY(%(open)s)"

# Open runs stay as rows until their workflows have ended, but keep nothing of what was given.
END_RUNS = """
    UPDATE recipient_runs r
    SET status = %(status)s, outcome = %(outcome)s, outcome_reason = %(reason)s, waiting_until = NULL,
        trigger_data = NULL, data = NULL, subscription = NULL, updated_at = %(now)s, finished_at = %(now)s
    FROM environments e
    WHERE r.environment_id = %(environment_id)s AND r.recipient_collection = %(collection)s
      AND r.recipient_id = ANY(%(ids)s) AND r.finished_at IS NULL AND e.id = r.environment_id
    RETURNING r.id, r.environment_id, r.workflow_key, r.workflow_run_id, r.recipient_collection,
              r.recipient_id, r.incarnation, e.slug
"""

STATE: tuple[LiteralString, ...] = (
    """
    DELETE FROM channel_data
    WHERE environment_id = %(environment_id)s AND collection = %(collection)s
      AND recipient_id = ANY(%(ids)s)
    """,
    """
    DELETE FROM preference_sets
    WHERE environment_id = %(environment_id)s AND collection = %(collection)s
      AND recipient_id = ANY(%(ids)s)
    """,
    f"DELETE FROM subscriptions WHERE {_OF_RECIPIENT}",
    """
    DELETE FROM subscriptions
    WHERE environment_id = %(environment_id)s AND object_collection = %(collection)s
      AND object_id = ANY(%(ids)s)
    """,
    f"DELETE FROM first_runs WHERE {_OF_RECIPIENT}",
    "DELETE FROM awaited_events WHERE environment_id = %(environment_id)s AND recipient = ANY(%(gids)s)",
)
OF_USERS: tuple[LiteralString, ...] = (
    "DELETE FROM audience_members WHERE environment_id = %(environment_id)s AND user_id = ANY(%(ids)s)",
    "DELETE FROM feed_items WHERE environment_id = %(environment_id)s AND user_id = ANY(%(ids)s)",
    "DELETE FROM feed_counters WHERE environment_id = %(environment_id)s AND user_id = ANY(%(ids)s)",
)
MESSAGES: tuple[LiteralString, ...] = (
    f"DELETE FROM message_events WHERE environment_id = %(environment_id)s AND message_id IN ({_MESSAGES})",
    f"DELETE FROM delivery_logs WHERE environment_id = %(environment_id)s AND message_id IN ({_MESSAGES})",
    f"DELETE FROM delivery_attempts WHERE message_id IN ({_MESSAGES})",
    f"DELETE FROM messages WHERE {_OF_RECIPIENT}",
)
RUNS: tuple[LiteralString, ...] = (
    f"""
    DELETE FROM run_events
    WHERE environment_id = %(environment_id)s
      AND recipient_run_id IN (SELECT id FROM recipient_runs WHERE {_OF_RECIPIENT})
    """,
    f"DELETE FROM step_ledger WHERE recipient_run_id IN ({_FINISHED})",
    f"""
    DELETE FROM event_waits
    WHERE environment_id = %(environment_id)s AND recipient_run_id IN ({_FINISHED})
    """,
)


@dataclass(frozen=True)
class Removed:
    """Whose rows went, the runs that are to end (as `find_carrier` shows them), and schedules to dismiss."""

    ids: list[str]
    runs: list[DictRow] = field(default_factory=list)
    schedules: list[UUID] = field(default_factory=list)


async def remove_recipients(
    connection: Connection, environment_id: UUID, collection: str, ids: Sequence[str], now: datetime
) -> Removed:
    """Delete those that there are, whole; runs in flight are ended, and stop before their next step."""
    given: dict[str, Any] = {"environment_id": environment_id, "collection": collection, "ids": list(ids)}
    known = await lock_recipients(connection, environment_id, collection, ids)
    if not known:
        return Removed([])
    given["ids"] = known
    given["gids"] = [RecipientRef(collection=collection, id=one).gid for one in known]
    runs = await _end_runs(connection, given, now)
    given["open"] = [run["id"] for run in runs]
    statements = STATE + (OF_USERS if collection == USERS else ()) + MESSAGES + RUNS
    async with connection.pipeline():
        for statement in statements:
            await connection.execute(statement, given)
    cursor = await connection.execute(f"DELETE FROM schedules WHERE {_OF_RECIPIENT} RETURNING id", given)
    schedules = [row["id"] for row in await cursor.fetchall()]
    await _remove_finished(connection, given)
    await connection.execute(
        """
        DELETE FROM recipients
        WHERE environment_id = %(environment_id)s AND collection = %(collection)s AND id = ANY(%(ids)s)
        """,
        given,
    )
    return Removed(known, runs, schedules)


async def lock_recipients(
    connection: Connection, environment_id: UUID, collection: str, ids: Sequence[str]
) -> list[str]:
    """The ids of those there are, locked in the order in which everyone locks them."""
    cursor = await connection.execute(
        """
        SELECT id FROM recipients
        WHERE environment_id = %s AND collection = %s AND id = ANY(%s) ORDER BY id COLLATE "C" FOR UPDATE
        """,
        (environment_id, collection, list(ids)),
    )
    return [row["id"] for row in await cursor.fetchall()]


async def _end_runs(connection: Connection, given: dict[str, Any], now: datetime) -> list[DictRow]:
    outcome = Outcome.RECIPIENT_DELETED
    ending = {"status": outcome.status.value, "outcome": outcome.value, "reason": REASON, "now": now}
    cursor = await connection.execute(END_RUNS, given | ending)
    return await cursor.fetchall()


async def _remove_finished(connection: Connection, given: dict[str, Any]) -> None:
    """Delete the runs that no workflow carries any more, then triggers that nobody else's runs need."""
    cursor = await connection.execute(
        f"""
        DELETE FROM recipient_runs WHERE {_OF_RECIPIENT} AND NOT id = ANY(%(open)s)
        RETURNING workflow_run_id
        """,
        given,
    )
    triggers = list({row["workflow_run_id"] for row in await cursor.fetchall()})
    # What a trigger gave of its recipients is not read again once each of them has a run.
    await connection.execute(
        """
        UPDATE triggers SET recipients = '[]'
        WHERE environment_id = %s AND id = ANY(%s) AND fan_out IS DISTINCT FROM 'pending'
        """,
        (given["environment_id"], triggers),
    )
    await connection.execute(
        """
        DELETE FROM triggers t
        WHERE t.environment_id = %s AND t.id = ANY(%s) AND t.fan_out IS DISTINCT FROM 'pending'
          AND NOT EXISTS (SELECT FROM recipient_runs r WHERE r.workflow_run_id = t.id)
        """,
        (given["environment_id"], triggers),
    )
