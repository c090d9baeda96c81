"""Throttle windows: how many runs have passed a throttle step under a key (E-THROTTLE)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import moment


class ThrottleWindow(SQLModel, table=True):
    """The newest window under a key; the next run after its end opens another in its place (E-THROTTLE-2)."""

    __tablename__ = "throttle_windows"
    __table_args__ = (Index("throttle_windows_by_end", "environment_id", "closes_at"),)

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    key: str = Field(primary_key=True)
    workflow_key: str
    step_ref: str
    opened_at: datetime = moment()
    closes_at: datetime = moment()
    passed: int = 1


@dataclass(frozen=True)
class Passage:
    """A run at the gate: the window it would open, and how many may pass in one."""

    environment_id: UUID
    key: str
    workflow_key: str
    step_ref: str
    now: datetime
    closes_at: datetime
    limit: int


async def pass_gate(connection: Connection, passage: Passage) -> bool:
    """Whether the run passes; it is counted if so. One statement: no two runs take the last place."""
    cursor = await connection.execute(
        """
        INSERT INTO throttle_windows AS w
            (environment_id, key, workflow_key, step_ref, opened_at, closes_at, passed)
        VALUES (%(environment_id)s, %(key)s, %(workflow_key)s, %(step_ref)s, %(now)s, %(closes_at)s, 1)
        ON CONFLICT (environment_id, key) DO UPDATE
        SET opened_at = CASE WHEN w.closes_at <= %(now)s THEN excluded.opened_at ELSE w.opened_at END,
            closes_at = CASE WHEN w.closes_at <= %(now)s THEN excluded.closes_at ELSE w.closes_at END,
            passed = CASE WHEN w.closes_at <= %(now)s THEN 1 ELSE w.passed + 1 END
        WHERE w.closes_at <= %(now)s OR w.passed < %(limit)s
        RETURNING w.passed
        """,
        vars(passage),
    )
    return await cursor.fetchone() is not None


async def find_throttle(connection: Connection, environment_id: UUID, key: str) -> DictRow:
    """The window that stands under a key; raises LookupError for none."""
    cursor = await connection.execute(
        "SELECT * FROM throttle_windows WHERE environment_id = %s AND key = %s", (environment_id, key)
    )
    row = await cursor.fetchone()
    if row is None:
        raise LookupError(f"there is no throttle window under {key}")
    return row


async def forget_throttles(connection: Connection, environment_id: UUID, before: datetime) -> int:
    """Remove windows that ended before then; the next run opens a new one either way."""
    cursor = await connection.execute(
        "DELETE FROM throttle_windows WHERE environment_id = %s AND closes_at < %s", (environment_id, before)
    )
    return cursor.rowcount
