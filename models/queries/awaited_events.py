"""Events that a wait has not looked at yet, from wherever each kind is kept (E-WAITEVENT-7)."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Json

from models.database import Connection
from models.ids import new_ksuid
from models.values.refs import RecipientRef
from models.values.topics import OF_MESSAGES, RECIPIENT_UPDATED

EXEC_MODES = {
    "api": "trigger",
    "schedule": "scheduled",
    "workflow_step": "workflow_step_trigger",
    "broadcast": "broadcast_trigger",
    "rehearsal": "rehearse",
}
"""What a run's trigger is called in events, where it has another name there (E-TRIGGER-29)."""


LATE = timedelta(minutes=10)
"""How long after the time that it bears an event of a message, run or recipient may be written: an attempt
bears the time of its start, and a provider may take minutes to answer."""


@dataclass(frozen=True)
class Candidate:
    """An event that may end a wait: what `event` is in its conditions, and `signal_variables` afterwards."""

    id: str
    payload: dict[str, Any]


async def find_candidates(connection: Connection, wait: DictRow, limit: int) -> list[Candidate]:
    """The oldest events of a wait's topic and window that it has not seen (E-WAITEVENT-10).

    Those written late bear a time from before the wait: `find_earlier` says which were there already.
    """
    kind, *names = json.loads(wait["topic"])
    floor = wait["since"] if kind in _TOLD else wait["since"] - LATE
    return await _FINDERS[kind](connection, wait | {"floor": floor}, names, limit)


async def find_earlier(connection: Connection, wait: DictRow) -> list[str]:
    """Events from before a wait that is about to begin, which it is to count as seen (E-WAITEVENT-13).

    What became of a message at the very moment of the beginning is not among them: the step before sent it.
    """
    is_of_message = wait["topic"].startswith(OF_MESSAGES)
    until = wait["since"] - timedelta(microseconds=1) if is_of_message else wait["since"]
    before = wait | {"expires_at": until, "seen": []}
    return [one.id for one in await find_candidates(connection, before, EARLIER)]


EARLIER = 1000
"""Far more events of one kind and recipient than `LATE` has room for."""


# What a message's row says of itself is written together with its events, a minute is for clocks that differ.
_MESSAGE_EVENTS: LiteralString = """
    SELECT v.id, v.data, v.inserted_at, m.id AS message_id, m.channel_id, m.tenant_id, m.step_ref,
           m.recipient_collection, m.recipient_id, c.type AS channel_type, c.provider AS channel_provider,
           r.trigger_source
    FROM messages m
    JOIN message_events v ON v.environment_id = m.environment_id AND v.message_id = m.id
    JOIN channels c ON c.id = m.channel_id
    LEFT JOIN recipient_runs r ON r.environment_id = m.environment_id AND r.id = m.recipient_run_id
    WHERE m.environment_id = %(environment_id)s AND m.recipient_collection = %(collection)s
      AND m.recipient_id = %(recipient_id)s AND m.source_type = %(source_type)s
      AND m.workflow_key = %(source_key)s AND m.updated_at > %(floor)s - interval '1 minute'
      AND v.type = %(type)s AND v.inserted_at >= %(floor)s AND v.inserted_at <= %(expires_at)s
      AND v.id <> ALL(%(seen)s)
    ORDER BY v.inserted_at, v.id LIMIT %(limit)s
"""


async def _of_messages(
    connection: Connection, wait: DictRow, names: list[str], limit: int
) -> list[Candidate]:
    source_type, source_key, event_key = names
    more = {"source_type": source_type, "source_key": source_key, "type": f"message.{event_key}"}
    cursor = await connection.execute(_MESSAGE_EVENTS, _bounds(wait, limit) | more)
    return [
        Candidate(
            row["id"],
            {
                "message_id": row["message_id"],
                "event_type": event_key,
                "channel_id": str(row["channel_id"]),
                "channel_type": row["channel_type"],
                "channel_provider": row["channel_provider"],
                "tenant_id": row["tenant_id"],
                "exec_mode": _exec_mode(row["trigger_source"]),
                "step_ref": row["step_ref"],
                "recipient": _recipient_of(row),
                "inserted_at": row["inserted_at"].isoformat(),
                "source": {"type": source_type, "key": source_key},
                "data": row["data"] or {},
            },
        )
        for row in await cursor.fetchall()
    ]


# A run that was refused at its start never started; a cancelled one did not complete.
_RUN_EVENTS: LiteralString = """
    SELECT * FROM (
        SELECT r.*, t.data AS shared_data, r.id || ':' || %(event_key)s AS event_id,
               CASE WHEN %(event_key)s = 'started'
                    THEN (SELECT l.at FROM step_ledger l
                          WHERE l.recipient_run_id = r.id AND l.step_ref = '$begin' AND l.phase = '0'
                            AND l.answer ->> 'outcome' IS NULL)
                    WHEN r.status = 'completed' THEN r.finished_at END AS happened_at
        FROM recipient_runs r JOIN triggers t ON t.id = r.workflow_run_id
        WHERE r.environment_id = %(environment_id)s AND r.recipient_collection = %(collection)s
          AND r.recipient_id = %(recipient_id)s AND r.workflow_key = %(source_key)s
          AND r.updated_at > %(floor)s - interval '1 minute') AS happened
    WHERE happened_at >= %(floor)s AND happened_at <= %(expires_at)s AND event_id <> ALL(%(seen)s)
    ORDER BY happened_at, event_id LIMIT %(limit)s
"""


async def _of_runs(connection: Connection, wait: DictRow, names: list[str], limit: int) -> list[Candidate]:
    source_key, event_key = names
    more = {"source_key": source_key, "event_key": event_key}
    cursor = await connection.execute(_RUN_EVENTS, _bounds(wait, limit) | more)
    return [
        Candidate(
            row["event_id"],
            {
                "workflow_key": source_key,
                "workflow_run_id": str(row["workflow_run_id"]),
                "recipient": _recipient_of(row),
                "status": event_key,
                "tenant_id": row["tenant_id"],
                "notify_data": row["data"]
                if row["data"] is not None
                else {**row["shared_data"], **(row["trigger_data"] or {})},
                "exec_mode": _exec_mode(row["trigger_source"]),
                "inserted_at": row["happened_at"].isoformat(),
            },
        )
        for row in await cursor.fetchall()
    ]


async def _kept(connection: Connection, wait: DictRow, names: list[str], limit: int) -> list[Candidate]:
    cursor = await connection.execute(
        """
        SELECT id, payload FROM awaited_events
        WHERE environment_id = %(environment_id)s AND topic = %(topic)s AND recipient = %(recipient)s
          AND happened_at >= %(floor)s AND happened_at <= %(expires_at)s AND id <> ALL(%(seen)s)
        ORDER BY happened_at, id LIMIT %(limit)s
        """,
        {**wait, "limit": limit},
    )
    return [Candidate(row["id"], row["payload"]) for row in await cursor.fetchall()]


_UPDATE: LiteralString = """
    SELECT r.properties, changed.at,
           (SELECT jsonb_object_agg(p.set_id, p.preference_set) FROM preference_sets p
            WHERE p.environment_id = r.environment_id AND p.collection = r.collection
              AND p.recipient_id = r.id) AS preferences,
           (SELECT jsonb_object_agg(d.channel_id, d.data) FROM channel_data d
            WHERE d.environment_id = r.environment_id AND d.collection = r.collection
              AND d.recipient_id = r.id) AS channel_data
    FROM recipients r CROSS JOIN LATERAL (
        SELECT greatest(
            r.updated_at,
            (SELECT max(p.updated_at) FROM preference_sets p
             WHERE p.environment_id = r.environment_id AND p.collection = r.collection
               AND p.recipient_id = r.id),
            (SELECT max(d.updated_at) FROM channel_data d
             WHERE d.environment_id = r.environment_id AND d.collection = r.collection
               AND d.recipient_id = r.id)) AS at) AS changed
    WHERE r.environment_id = %(environment_id)s AND r.collection = %(collection)s AND r.id = %(recipient_id)s
      AND changed.at > coalesce(
          (SELECT max(a.happened_at) FROM awaited_events a
           WHERE a.environment_id = r.environment_id AND a.topic = %(topic)s AND a.recipient = %(recipient)s),
          '-infinity')
"""
TRAITS = ("name", "email", "avatar", "locale", "phone_number", "timezone", "created_at")
"""The properties of a recipient that have a meaning of their own (E-TRIGGER-15)."""


async def keep_update(connection: Connection, environment_id: UUID, ref: RecipientRef) -> None:
    """Keep how a recipient stands now as an event, unless its newest change was kept before."""
    values = {
        "environment_id": environment_id,
        "collection": ref.collection,
        "recipient_id": ref.id,
        "topic": RECIPIENT_UPDATED,
        "recipient": ref.gid,
    }
    row = await (await connection.execute(_UPDATE, values)).fetchone()
    if row is None:
        return
    properties = row["properties"]
    payload = {
        "recipient": ref.to_api(),
        "event_type": "updated",
        "timestamp": row["at"].isoformat(),
        "properties": properties,
        "preferences": row["preferences"] or {},
        "knock_traits": {name: properties[name] for name in TRAITS if name in properties},
        "channel_data": row["channel_data"] or {},
    }
    await connection.execute(
        """
        INSERT INTO awaited_events (id, environment_id, topic, recipient, happened_at, payload)
        VALUES (%s, %s, %s, %s, %s, %s)
        """,
        (new_ksuid(), environment_id, RECIPIENT_UPDATED, ref.gid, row["at"], Json(payload)),
    )


async def _of_recipient(
    connection: Connection, wait: DictRow, names: list[str], limit: int
) -> list[Candidate]:
    await keep_update(connection, wait["environment_id"], _named(wait["recipient"]))
    return await _kept(connection, wait, names, limit)


_FINDERS: dict[str, Callable[[Connection, DictRow, list[str], int], Awaitable[list[Candidate]]]] = {
    "message": _of_messages,
    "workflow": _of_runs,
    "integration_source": _kept,
    "audience": _kept,
    "recipient": _of_recipient,
}


_TOLD = frozenset({"integration_source", "audience"})
"""Kinds of events whose time is what their maker says; nothing of these is late."""


def _bounds(wait: DictRow, limit: int) -> dict[str, Any]:
    ref = _named(wait["recipient"])
    return {
        "environment_id": wait["environment_id"],
        "collection": ref.collection,
        "recipient_id": ref.id,
        "floor": wait["floor"],
        "expires_at": wait["expires_at"],
        "seen": wait["seen"],
        "limit": limit,
    }


def _named(gid: str) -> RecipientRef:
    collection, _, recipient_id = gid.removeprefix("gid://Object/").partition("/")
    return RecipientRef(collection=collection, id=recipient_id)


def _recipient_of(row: DictRow) -> str | dict[str, Any]:
    return RecipientRef(collection=row["recipient_collection"], id=row["recipient_id"]).to_api()


def _exec_mode(trigger_source: str | None) -> str | None:
    return None if trigger_source is None else EXEC_MODES.get(trigger_source, trigger_source)
