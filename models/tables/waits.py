"""Waits of runs for events, and events that no other table keeps (E-WAITEVENT)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Json
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.ids import new_ksuid
from models.parts import Part
from models.tables.columns import moment, texts, verbatim_document
from models.tables.reconciliation import CARRIER
from models.values.loggable import PRIVATE
from models.values.plain_json import storable
from models.values.refs import RecipientRef
from models.values.topics import OF_MESSAGES, RECIPIENT_UPDATED

RunEventKey = Literal["started", "completed"]


class EventWait(SQLModel, table=True):
    """A run that waits for the first event under its topic that matches, until `expires_at`.

    `recipient` is the gid that events must be about, "" for a wait that is not about anyone in particular.
    `seen` are the events from before it and those that it looked at and did not take. `result` is `matched`,
    `expired` or `cancelled`.
    """

    __tablename__ = "event_waits"
    __table_args__ = (
        Index(
            "event_waits_open",
            "environment_id",
            "recipient",
            "topic",
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "event_waits_unchecked",
            "environment_id",
            "checked_at",
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    recipient_run_id: UUID = Field(primary_key=True)
    step_ref: str = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    topic: str
    recipient: str
    since: datetime = moment()
    expires_at: datetime = moment()
    checked_at: datetime = moment()
    seen: list[str] = texts()
    settled_at: datetime | None = moment(nullable=True)
    result: str | None = None
    event_id: str | None = None
    event: dict[str, Any] | None = verbatim_document(nullable=True)


class AwaitedEvent(SQLModel, table=True):
    """An event that somebody may wait for; those of messages and runs are rows elsewhere."""

    __tablename__ = "awaited_events"
    __table_args__ = (
        Index("awaited_events_by_topic", "environment_id", "topic", "recipient", "happened_at"),
        Index("awaited_events_by_time", "environment_id", "happened_at"),
    )

    id: str = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    topic: str
    recipient: str
    happened_at: datetime = moment()
    payload: dict[str, Any] = verbatim_document()


async def open_wait(connection: Connection, wait: EventWait) -> None:
    """Register a wait."""
    await connection.execute(
        """
        INSERT INTO event_waits
            (recipient_run_id, step_ref, environment_id, topic, recipient, since, expires_at, checked_at,
             seen)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            wait.recipient_run_id,
            wait.step_ref,
            wait.environment_id,
            wait.topic,
            wait.recipient,
            wait.since,
            wait.expires_at,
            wait.since,
            wait.seen,
        ),
    )


async def find_wait(connection: Connection, environment_id: UUID, run_id: UUID, step_ref: str) -> DictRow:
    """A run's wait at a step; raises LookupError for one that was never registered."""
    cursor = await connection.execute(
        "SELECT * FROM event_waits WHERE environment_id = %s AND recipient_run_id = %s AND step_ref = %s",
        (environment_id, run_id, step_ref),
    )
    row = await cursor.fetchone()
    if row is None:
        raise LookupError(f"run {run_id} does not wait at {step_ref}")
    return row


async def lock_open_wait(connection: Connection, environment_id: UUID, run_id: UUID) -> DictRow | None:
    """What an unfinished run waits for, if it does; nobody finishes the run until the transaction ends."""
    cursor = await connection.execute(
        """
        SELECT w.* FROM event_waits w
        JOIN recipient_runs r ON r.environment_id = w.environment_id AND r.id = w.recipient_run_id
        WHERE w.environment_id = %s AND w.recipient_run_id = %s AND w.settled_at IS NULL
          AND r.finished_at IS NULL
        FOR UPDATE OF r
        """,
        (environment_id, run_id),
    )
    return await cursor.fetchone()


@dataclass(frozen=True)
class Settling:
    """How a wait ends; `event` is what a matched one goes on with, without channel data (E-DEBUG-4)."""

    result: Literal["matched", "expired", "cancelled"]
    now: datetime
    event_id: str | None = None
    event: dict[str, Any] | None = None


async def settle_wait(
    connection: Connection, environment_id: UUID, run_id: UUID, step_ref: str, settling: Settling
) -> None:
    """End an open wait; later events are nothing to it (E-WAITEVENT-10)."""
    await connection.execute(
        """
        UPDATE event_waits SET settled_at = %s, result = %s, event_id = %s, event = %s
        WHERE environment_id = %s AND recipient_run_id = %s AND step_ref = %s AND settled_at IS NULL
        """,
        (
            settling.now,
            settling.result,
            settling.event_id,
            None if settling.event is None else Json(storable(_without_channel_data(settling.event))),
            environment_id,
            run_id,
            step_ref,
        ),
    )


def _without_channel_data(event: dict[str, Any]) -> dict[str, Any]:
    """Conditions may ask for the tokens of who changed; steps after the wait, and what they log, do not."""
    return {key: value for key, value in event.items() if key != PRIVATE}


async def keep_waiting(
    connection: Connection, wait: DictRow, seen: list[str], expires_at: datetime, now: datetime
) -> None:
    """The wait stays open; these events are not looked at again."""
    await connection.execute(
        """
        UPDATE event_waits SET seen = seen || %s::text[], expires_at = %s, checked_at = %s
        WHERE environment_id = %s AND recipient_run_id = %s AND step_ref = %s AND settled_at IS NULL
        """,
        (seen, expires_at, now, wait["environment_id"], wait["recipient_run_id"], wait["step_ref"]),
    )


async def find_wait_outputs(
    connection: Connection, environment_id: UUID, run_id: UUID
) -> dict[str, dict[str, Any]]:
    """By step ref, what a run's waits came to: `matched` and `signal_variables` (E-WAITEVENT-11)."""
    cursor = await connection.execute(
        """
        SELECT step_ref, result, event FROM event_waits
        WHERE environment_id = %s AND recipient_run_id = %s AND result IN ('matched', 'expired')
        """,
        (environment_id, run_id),
    )
    return {
        row["step_ref"]: {"matched": row["result"] == "matched", "signal_variables": row["event"] or {}}
        for row in await cursor.fetchall()
    }


_ABOUT = """
    w.environment_id = {row}.environment_id AND w.settled_at IS NULL
    AND w.recipient = 'gid://Object/' || {row}.recipient_collection || '/' || {row}.recipient_id
"""
ABOUT_MESSAGE = f"{_ABOUT.format(row='messages')} AND starts_with(w.topic, '{OF_MESSAGES}')"
"""Whether a wait `w` is for events of messages of the recipient of a row of `messages`."""

AWAITED_UPDATE = f"""
    EXISTS (SELECT FROM event_waits w
            WHERE w.environment_id = triggers.environment_id AND w.recipient = ANY(%s)
              AND w.topic = '{RECIPIENT_UPDATED}' AND w.settled_at IS NULL)
"""
"""Whether a run waits for one of some recipients (a list of gids) to change, beside a row of `triggers`."""

_ABOUT_RUN = f"""
    FROM recipient_runs about JOIN event_waits w ON {_ABOUT.format(row="about")}
        AND w.topic = '["workflow", ' || to_json(about.workflow_key) || ', "' || %(event_key)s || '"]'
"""


def awaited_message_part(environment_id: UUID, recipient: RecipientRef, topics: Sequence[str]) -> Part:
    """Whether anybody waits for such an event, asked within the statement that makes it happen."""
    sql = """
        SELECT 1 FROM event_waits w
        WHERE w.environment_id = %(environment_id)s AND w.recipient = %(recipient)s
          AND w.topic = ANY(%(topics)s::text[]) AND w.settled_at IS NULL LIMIT 1
    """
    values = {"environment_id": environment_id, "recipient": recipient.gid, "topics": list(topics)}
    return Part("awaited", sql, values)


def awaited_run_part(environment_id: UUID, run_id: UUID, event_key: RunEventKey) -> Part:
    """Whether anybody waits for this of a run, asked within the statement that makes it happen."""
    sql = f"SELECT 1 {_ABOUT_RUN} WHERE about.environment_id = %(environment_id)s AND about.id = %(run_id)s"
    return Part("awaited", sql, {"environment_id": environment_id, "run_id": run_id, "event_key": event_key})


_CARRYING = """
    JOIN recipient_runs r ON r.environment_id = w.environment_id AND r.id = w.recipient_run_id
    JOIN environments e ON e.id = r.environment_id
"""


async def find_waiting(
    connection: Connection, environment_id: UUID, recipient: str, topic: str
) -> list[DictRow]:
    """What names the workflows of runs that wait for such an event; `recipient` is a gid, or ""."""
    cursor = await connection.execute(
        f"""
        SELECT DISTINCT {CARRIER} FROM event_waits w {_CARRYING}
        WHERE w.environment_id = %s AND w.recipient = %s AND w.topic = %s AND w.settled_at IS NULL
          AND r.finished_at IS NULL
        """,
        (environment_id, recipient, topic),
    )
    return await cursor.fetchall()


async def find_waiting_for_messages(
    connection: Connection, environment_id: UUID, message_ids: Sequence[str]
) -> list[DictRow]:
    """Runs that wait for what happened to one of these messages and did not look at it yet."""
    cursor = await connection.execute(
        f"""
        SELECT DISTINCT {CARRIER} FROM messages JOIN event_waits w ON {ABOUT_MESSAGE} {_CARRYING}
        WHERE messages.environment_id = %s AND messages.id = ANY(%s) AND r.finished_at IS NULL
          AND EXISTS (
              SELECT FROM message_events v
              WHERE v.environment_id = messages.environment_id AND v.message_id = messages.id
                AND w.topic = '["message", ' || to_json(messages.source_type) || ', '
                    || to_json(messages.workflow_key) || ', ' || to_json(substr(v.type, 9)) || ']'
                AND v.id <> ALL(w.seen))
        """,
        (environment_id, list(message_ids)),
    )
    return await cursor.fetchall()


async def find_waiting_for_run(
    connection: Connection, environment_id: UUID, run_id: UUID, event_key: RunEventKey
) -> list[DictRow]:
    """Runs that wait for this run, or another of its workflow and recipient, to start or complete."""
    cursor = await connection.execute(
        f"""
        SELECT DISTINCT {CARRIER} {_ABOUT_RUN} {_CARRYING}
        WHERE about.environment_id = %(environment_id)s AND about.id = %(run_id)s AND r.finished_at IS NULL
        """,
        {"environment_id": environment_id, "run_id": run_id, "event_key": event_key},
    )
    return await cursor.fetchall()


async def find_waiting_for_update(
    connection: Connection, environment_id: UUID, refs: Sequence[RecipientRef]
) -> list[DictRow]:
    """Runs that wait for their recipient, one of these, to change."""
    cursor = await connection.execute(
        f"""
        SELECT DISTINCT {CARRIER} FROM event_waits w {_CARRYING}
        WHERE w.environment_id = %s AND w.recipient = ANY(%s) AND w.topic = %s AND w.settled_at IS NULL
          AND r.finished_at IS NULL
        """,
        (environment_id, [ref.gid for ref in refs], RECIPIENT_UPDATED),
    )
    return await cursor.fetchall()


@dataclass(frozen=True)
class NewAwaitedEvent:
    """An event of a source, an audience or a recipient. One about nobody has no `recipient`."""

    environment_id: UUID
    topic: str
    recipient: RecipientRef | None
    payload: dict[str, Any]
    happened_at: datetime

    @property
    def gid(self) -> str:
        return "" if self.recipient is None else self.recipient.gid


async def record_event(connection: Connection, event: NewAwaitedEvent) -> list[DictRow]:
    """Keep an event; answers the runs to tell once it is committed.

    One about a user is for that user's waits only; one about nobody is for waits about nobody in particular
    (E-WAITEVENT-5). It is kept where nobody waits too: a wait that has begun may not be committed yet.
    """
    await connection.execute(
        """
        INSERT INTO awaited_events (id, environment_id, topic, recipient, happened_at, payload)
        VALUES (%s, %s, %s, %s, %s, %s)
        """,
        (
            new_ksuid(),
            event.environment_id,
            event.topic,
            event.gid,
            event.happened_at,
            Json(storable(event.payload)),
        ),
    )
    return await find_waiting(connection, event.environment_id, event.gid, event.topic)


async def take_unchecked_waits(
    connection: Connection, environment_id: UUID, now: datetime, stale: datetime
) -> list[DictRow]:
    """Up to 200 open waits that nobody looked at since `stale`, with what names their runs; marks them.

    `finished_at` is the run's: one that was terminated, or withdrawn, waits for nothing any more.
    """
    cursor = await connection.execute(
        f"""
        WITH due AS (
            SELECT recipient_run_id, step_ref FROM event_waits
            WHERE environment_id = %(environment_id)s AND settled_at IS NULL AND checked_at < %(stale)s
            ORDER BY checked_at LIMIT 200 FOR UPDATE SKIP LOCKED
        )
        UPDATE event_waits w SET checked_at = %(now)s
        FROM due, recipient_runs r, environments e
        WHERE w.recipient_run_id = due.recipient_run_id AND w.step_ref = due.step_ref
          AND r.id = w.recipient_run_id AND e.id = r.environment_id
        RETURNING w.*, {CARRIER}, r.finished_at
        """,
        {"environment_id": environment_id, "now": now, "stale": stale},
    )
    return await cursor.fetchall()


async def forget_events(connection: Connection, environment_id: UUID, before: datetime) -> None:
    """Remove events from before then that no open wait is for."""
    await connection.execute(
        """
        DELETE FROM awaited_events a WHERE a.environment_id = %s AND a.happened_at < %s
        AND NOT EXISTS (SELECT FROM event_waits w
                        WHERE w.environment_id = a.environment_id AND w.recipient = a.recipient
                          AND w.topic = a.topic AND w.settled_at IS NULL)
        """,
        (environment_id, before),
    )
