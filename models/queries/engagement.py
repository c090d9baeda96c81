"""What recipients do with messages: seen, read, interacted, archived, and taken back (E-MSG-11)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from models.database import Connection
from models.ids import new_ksuid

_MARKS: dict[str, LiteralString] = {mark: mark for mark in ("seen", "read", "interacted", "archived")}
"""The marks by name: what a caller says picks a name of ours, and never becomes SQL itself."""


@dataclass(frozen=True)
class _Event:
    """What is told of a message `m` that fulfils `condition`."""

    type: LiteralString
    condition: LiteralString
    data: dict[str, Any] | None = None


@dataclass(frozen=True)
class _Change:
    """SQL for both tables: what is set, where, and the events that follow from it."""

    assignments: LiteralString
    condition: LiteralString
    events: list[_Event] = field(default_factory=list)


async def mark(
    connection: Connection,
    environment_id: UUID,
    message_ids: Sequence[str],
    status: str,
    now: datetime,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Stamp messages, and the feed items that show them, with the latest time this was done.

    The event is written the first time only; `interacted` is told every time, with its metadata, and makes
    a message read. Unknown ids are passed over.
    """
    name = _MARKS[status]
    if name == "interacted":
        told = [
            _Event("message.interacted", "true", metadata),
            _Event("message.read", "m.read_at IS NULL"),
        ]
        change = _Change("interacted_at = %(now)s, read_at = %(now)s", "true", told)
    else:
        told = [_Event(f"message.{name}", f"m.{name}_at IS NULL")]
        change = _Change(f"{name}_at = %(now)s", "true", told)
    await _write(connection, environment_id, message_ids, change, now)


async def unmark(
    connection: Connection,
    environment_id: UUID,
    message_ids: Sequence[str],
    status: LiteralString,
    now: datetime,
) -> None:
    """Take a mark back; what does not carry it stays as it is. There is no event for un-interacted."""
    told = [_Event(f"message.un{status}", f"m.{status}_at IS NOT NULL")] if status != "interacted" else []
    change = _Change(f"{status}_at = NULL", f"{status}_at IS NOT NULL", told)
    await _write(connection, environment_id, message_ids, change, now)


async def marked_since(
    connection: Connection, environment_id: UUID, message_ids: Sequence[str], status: str, since: datetime
) -> frozenset[str]:
    """Those that were given this status (`seen`, `unseen`, …) in the minute after `since`.

    What bears a later time was marked before a clock stepped back, and is not recent. Marking
    again writes no event but moves the time of the mark; taking a mark back leaves an event only.
    """
    mark_name = _MARKS.get(status)
    is_marked: LiteralString = (
        "false" if mark_name is None else f"m.{mark_name}_at > %(since)s AND m.{mark_name}_at < %(until)s"
    )
    cursor = await connection.execute(
        f"""
        SELECT m.id FROM messages m
        WHERE m.environment_id = %(environment_id)s AND m.id = ANY(%(ids)s) AND ({is_marked} OR EXISTS (
            SELECT FROM message_events v
            WHERE v.message_id = m.id AND v.type = %(type)s
              AND v.inserted_at > %(since)s AND v.inserted_at < %(until)s))
        """,
        {
            "environment_id": environment_id,
            "ids": list(message_ids),
            "since": since,
            "until": since + timedelta(minutes=1),
            "type": f"message.{status}",
        },
    )
    return frozenset(row["id"] for row in await cursor.fetchall())


async def _write(
    connection: Connection, environment_id: UUID, message_ids: Sequence[str], change: _Change, now: datetime
) -> None:
    """One statement, so one transaction."""
    ids = list(dict.fromkeys(message_ids))
    values: dict[str, Any] = {"environment_id": environment_id, "ids": ids, "now": now}
    inserts: LiteralString = ""
    for number, event in enumerate(change.events):
        values[f"event_ids_{number}"] = [new_ksuid() for _ in ids]
        values[f"type_{number}"] = event.type
        values[f"data_{number}"] = None if event.data is None else Jsonb(event.data)
        inserts += f"""
        , event_{number} AS (
            INSERT INTO message_events (id, inserted_at, environment_id, message_id, type, data)
            SELECT e.id, %(now)s::timestamptz, m.environment_id, m.id,
                   %(type_{number})s::text, %(data_{number})s::jsonb
            FROM held m JOIN unnest(%(ids)s::text[], %(event_ids_{number})s::text[]) AS e(message_id, id)
                ON e.message_id = m.id
            WHERE {event.condition})
        """
    # Locked in one order, so that two batches over the same messages do not wait for each other in a ring.
    await connection.execute(
        f"""
        WITH held AS MATERIALIZED (
            SELECT id, environment_id, seen_at, read_at, interacted_at, archived_at FROM messages
            WHERE environment_id = %(environment_id)s AND id = ANY(%(ids)s)
            ORDER BY id FOR UPDATE)
        , items AS (
            UPDATE feed_items SET {change.assignments}, updated_at = %(now)s
            WHERE environment_id = %(environment_id)s AND message_id = ANY(%(ids)s) AND {change.condition})
        {inserts}
        UPDATE messages SET {change.assignments}, updated_at = %(now)s
        WHERE environment_id = %(environment_id)s AND id IN (SELECT id FROM held) AND {change.condition}
        """,
        values,
    )
