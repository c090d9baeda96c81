"""What came of a simulation: an entry for each thing that a run wrote down, always in the same order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection, Database
from models.values.kinds import Outcome
from models.values.refs import RecipientRef

RUNS = """
    SELECT r.*, v.compiled -> 'plan' AS plan FROM recipient_runs r
    JOIN resource_versions v ON v.id = r.workflow_version_id
    WHERE r.environment_id = %s ORDER BY r.acceptance, r.recipient_collection, r.recipient_id, r.id
"""
LINES = "SELECT * FROM run_events WHERE environment_id = %s ORDER BY inserted_at, id"
MESSAGES = "SELECT * FROM messages WHERE environment_id = %s ORDER BY inserted_at, id"
CHANNELS = "SELECT id, key, type FROM channels"

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9A-Za-z]{27}\b")
"""What ids of rows look like: a UUID, or a KSUID."""

QUIET_ENDS = (Outcome.FINISHED, Outcome.ABSORBED)
"""Ends that need no entry: whatever the run did stands there already."""


@dataclass(frozen=True)
class Entry:
    """One thing that happened to one recipient.

    `outcome` is a message's status, `skipped`, `failed` or why a run ended early; None for what a snapshot
    does not hold (windows that opened, delays that began), and stands in the timeline for people only.
    """

    at: datetime
    recipient: RecipientRef
    workflow: str
    step_ref: str | None
    event: str
    data: dict[str, Any]
    outcome: str | None = None
    channel_type: str | None = None
    content: dict[str, Any] | None = None
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it: content for a message, the reason for everything else."""
        told: dict[str, Any] = {
            "at": _iso(self.at),
            "recipient": self.recipient.to_api(),
            "step_ref": self.step_ref,
            "channel_type": self.channel_type,
            "outcome": self.outcome,
        }
        if self.content is not None:
            return told | {"content": self.content}
        return told | {"reason": self.reason}


def refused(at: datetime, reason: str) -> dict[str, Any]:
    """As `--json` prints an event that came to nothing: of no recipient and no step."""
    nobody = {"recipient": None, "step_ref": None, "channel_type": None}
    return {"at": _iso(at), **nobody, "outcome": "refused", "reason": reason}


@dataclass
class _Written:
    """The rows of one environment."""

    runs: list[DictRow]
    lines: list[DictRow]
    messages: list[DictRow]
    channels: list[DictRow]
    random: list[str] = field(default_factory=list)


async def timeline(database: Database, environment_id: UUID) -> list[Entry]:
    """Everything that the runs of an environment wrote down, by moment, trigger, recipient and step."""
    async with database.connection() as connection:
        written = _Written(
            await _rows(connection, RUNS, environment_id),
            await _rows(connection, LINES, environment_id),
            await _rows(connection, MESSAGES, environment_id),
            await _rows(connection, CHANNELS),
        )
    runs = {run["id"]: (number, run) for number, run in enumerate(written.runs)}
    messages = {message["id"]: message for message in written.messages}
    types = {channel["id"]: channel["type"] for channel in written.channels}
    found = []
    for line in written.lines:
        if line["recipient_run_id"] not in runs:
            continue
        number, run = runs[line["recipient_run_id"]]
        for place, entry in enumerate(_entries(run, line, messages, types)):
            key = (entry.at, number, _position(run, line), line["attempt"], line["event"], place)
            found.append((key, entry))
    found.sort(key=lambda one: one[0])
    return without_chance([entry for _, entry in found], _labels(written))


def _entries(
    run: DictRow, line: DictRow, messages: dict[str, DictRow], types: dict[UUID, str]
) -> list[Entry]:
    data = line["data"] or {}
    recipient = RecipientRef(collection=run["recipient_collection"], id=run["recipient_id"])
    common = (recipient, run["workflow_key"], line["step_ref"], line["event"], data)
    if line["event"] == "message_enqueued":
        return [
            Entry(
                _sent_at(message),
                *common,
                outcome=message["status"],
                channel_type=types.get(message["channel_id"]),
                content=message["content"],
            )
            for message in (messages.get(one) for one in _message_ids(data))
            if message is not None
        ]
    return [
        Entry(
            _utc(line["inserted_at"]),
            *common,
            outcome=_outcome(line),
            channel_type=_channel_type(run, line),
            reason=_reason(line),
        )
    ]


def _message_ids(data: dict[str, Any]) -> list[str]:
    return data.get("message_ids") or [data["message_id"]]


def _sent_at(message: DictRow) -> datetime:
    """When it left; one that is still waiting stands where it was made."""
    return _utc(message["settled_at"] or message["inserted_at"])


def _outcome(line: DictRow) -> str | None:
    data = line["data"] or {}
    match line["event"]:
        case "step_skipped":
            return "skipped"
        case "step_failed":
            return "failed"
        case "run_completed" | "run_cancelled" if data.get("outcome") not in QUIET_ENDS:
            return str(data.get("outcome"))
    return None


def _reason(line: DictRow) -> str | None:
    data = line["data"] or {}
    reason = data.get("reason") or data.get("error")
    return None if reason is None else str(reason)


def _channel_type(run: DictRow, line: DictRow) -> str | None:
    """The type of a channel step, also where it sent nothing; None for any other step."""
    types: dict[str, Any] = {step["ref"]: step.get("channel_type") for step in run["plan"]["steps"]}
    return types.get(line["step_ref"]) if line["step_type"] == "channel" else None


def _position(run: DictRow, line: DictRow) -> int:
    """Where in the plan a line belongs: what is about the run as a whole comes first or last."""
    refs = [step["ref"] for step in run["plan"]["steps"]]
    if line["step_ref"] in refs:
        return refs.index(line["step_ref"])
    return -1 if line["step_ref"] is None and not line["event"].startswith("run_") else len(refs)


# --- chance ---------------------------------------------------------------------------------------------


def _labels(written: _Written) -> dict[str, str]:
    """A name for each id that is drawn by chance, the same in every simulation of the same events."""
    labels: dict[str, str] = {}
    for name, ids in (
        ("run", [run["id"] for run in written.runs]),
        ("trigger", list(dict.fromkeys(run["workflow_run_id"] for run in written.runs))),
        ("activity", [run["activity_id"] for run in written.runs]),
        ("version", list(dict.fromkeys(run["workflow_version_id"] for run in written.runs))),
    ):
        labels |= {str(one): f"{name}-{number}" for number, one in enumerate(ids, start=1)}
    places = {run["id"]: number for number, run in enumerate(written.runs)}
    ordered = sorted(written.messages, key=lambda one: _message_key(one, places))
    return labels | {one["id"]: f"message-{number}" for number, one in enumerate(ordered, start=1)}


def _message_key(message: DictRow, places: dict[UUID, int]) -> tuple[Any, ...]:
    place = places.get(message["recipient_run_id"], -1)
    return message["inserted_at"], place, message["step_ref"], str(message["channel_id"])


def without_chance(entries: Sequence[Entry], labels: dict[str, str]) -> list[Entry]:
    """The entries with labels where ids stood, wherever in their texts."""

    def cleaned(value: Any) -> Any:
        if isinstance(value, str):
            return ID.sub(lambda match: labels.get(match[0], match[0]), value)
        if isinstance(value, dict):
            return {key: cleaned(below) for key, below in value.items()}
        return [cleaned(below) for below in value] if isinstance(value, list) else value

    return [
        Entry(
            **{
                **vars(entry),
                "data": cleaned(entry.data),
                "content": cleaned(entry.content),
                "reason": cleaned(entry.reason),
            }
        )
        for entry in entries
    ]


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def _rows(connection: Connection, sql: str, *values: Any) -> list[DictRow]:
    cursor = await connection.execute(sql, values)
    return await cursor.fetchall()
