"""The log of recipient runs: what happened in them, line by line (E-DEBUG-2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.ids import new_ksuid
from models.parts import Part
from models.tables.columns import document, moment
from models.values.loggable import loggable


class RunEvent(SQLModel, table=True):
    """One line of a run's log (E-DEBUG-2); partitioned by time."""

    __tablename__ = "run_events"
    __table_args__ = (
        Index("run_events_by_run", "recipient_run_id"),
        {"postgresql_partition_by": "RANGE (inserted_at)"},
    )

    id: str = Field(primary_key=True)
    inserted_at: datetime = moment(primary_key=True)
    environment_id: UUID
    recipient_run_id: UUID
    event: str
    status: str
    attempt: int = 1
    step_ref: str | None = None
    step_type: str | None = None
    data: dict[str, Any] | None = document(nullable=True)


@dataclass(frozen=True)
class LogLine:
    """One line of a run's log, before it has an id (E-DEBUG-2); what it quotes is cut (E-DEBUG-4)."""

    event: str
    step_ref: str | None = None
    step_type: str | None = None
    status: str = "ok"
    attempt: int = 1
    data: dict[str, Any] | None = None


_LOG = """
    INSERT INTO run_events
        (id, inserted_at, environment_id, recipient_run_id, event, status, attempt, step_ref, step_type, data)
    SELECT %(id)s, %(now)s, %(environment_id)s, %(run_id)s, %(event)s, %(status)s, %(attempt)s::int,
           %(step_ref)s, %(step_type)s, {data}
"""
LOG = _LOG.format(data="%(data)s::jsonb")
COUNTED_LOG = _LOG.format(data="%(data)s::jsonb || jsonb_build_object('count', counted.member_count)")


def _log_values(environment_id: UUID, run_id: UUID, line: LogLine, now: datetime) -> dict[str, Any]:
    return {
        "id": new_ksuid(),
        "now": now,
        "environment_id": environment_id,
        "run_id": run_id,
        "event": line.event,
        "status": line.status,
        "attempt": line.attempt,
        "step_ref": line.step_ref,
        "step_type": line.step_type,
        # Lines quote what others answered: one that Postgres refuses would be tried again for ever.
        "data": None if line.data is None else Jsonb(loggable(line.data)),
    }


async def log(
    connection: Connection, environment_id: UUID, run_id: UUID, line: LogLine, now: datetime
) -> None:
    """Write one line of a run's log."""
    await connection.execute(LOG, _log_values(environment_id, run_id, line, now))


def log_part(
    environment_id: UUID, run_id: UUID, line: LogLine, now: datetime, after: str = "claimed"
) -> Part:
    """One line of a run's log, as part of a statement, for each row that the part `after` returns."""
    return Part("logged", f"{LOG} FROM {after}", _log_values(environment_id, run_id, line, now))


def counted_log_part(environment_id: UUID, run_id: UUID, line: LogLine, now: datetime) -> Part:
    """The same, with the `count` that a part called `counted` comes to."""
    return Part("said", f"{COUNTED_LOG} FROM counted", _log_values(environment_id, run_id, line, now))
