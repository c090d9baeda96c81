"""The ledger: an effect that runs twice answers once (D24)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Json
from pydantic import BaseModel

from models.database import Connection, Database
from models.parts import Part, execute


@dataclass(frozen=True)
class LedgerKey:
    """Which effect of which run: a step and a phase of it."""

    recipient_run_id: UUID
    step_ref: str
    phase: str


class Entry:
    """A transaction whose first statement claimed the key; `stored` is what the first one answered."""

    def __init__(self, connection: Connection, key: LedgerKey, stored: dict[str, Any] | None) -> None:
        self.connection = connection
        self.key = key
        self.stored = stored

    async def record(self, answer: BaseModel) -> None:
        """Keep this answer instead of the one given at the claim."""
        await self.connection.execute(
            "UPDATE step_ledger SET answer = %s WHERE recipient_run_id = %s AND step_ref = %s AND phase = %s",
            (
                Json(answer.model_dump(mode="json")),
                self.key.recipient_run_id,
                self.key.step_ref,
                self.key.phase,
            ),
        )


@asynccontextmanager
async def claim(
    database: Database, key: LedgerKey, now: datetime, answer: BaseModel | None = None
) -> AsyncIterator[Entry]:
    """Open the write transaction of an effect; its statements travel in a pipeline.

    Whoever comes second waits for the first to commit and finds its answer in `stored`; it must then write
    nothing and answer that. Give `answer` when it is known beforehand, else `record` it.
    """
    given = {} if answer is None else answer.model_dump(mode="json")
    async with (
        database.connection() as connection,
        connection.pipeline() as pipeline,
        connection.transaction(),
    ):
        cursor = await connection.execute(
            """
            INSERT INTO step_ledger (recipient_run_id, step_ref, phase, answer, at)
            VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
            """,
            (key.recipient_run_id, key.step_ref, key.phase, Json(given), now),
        )
        await pipeline.sync()
        stored = None if cursor.rowcount == 1 else await _read(connection, key)
        yield Entry(connection, key, stored)


CLAIM = """
    INSERT INTO step_ledger (recipient_run_id, step_ref, phase, answer, at)
    VALUES (%(run_id)s, %(step_ref)s, %(phase)s, %(answer)s, %(now)s) ON CONFLICT DO NOTHING RETURNING 1
"""

FIRST = "SELECT EXISTS (SELECT FROM claimed) AS is_first"
AWAITED = "awaited"
"""What the names of parts begin with that look for somebody who waits for what is written."""


class Writing:
    """An effect's writes as one statement: they happen only for whoever claims the key first (D24, D30)."""

    def __init__(self, key: LedgerKey, answer: BaseModel, now: datetime) -> None:
        self._key = key
        values = {
            "run_id": key.recipient_run_id,
            "step_ref": key.step_ref,
            "phase": key.phase,
            "answer": Json(answer.model_dump(mode="json")),
            "now": now,
        }
        self._parts = [Part("claimed", CLAIM, values)]
        self.awaited: set[str] = set()
        """After the write: the parts called `awaited…` that found somebody who waits for what was written."""

    def add(self, *parts: Part) -> None:
        self._parts.extend(parts)

    async def write(self, connection: Connection) -> dict[str, Any] | None:
        """None when we were the first; else what the first one answered, and nothing of ours is written."""
        asked = [part.name for part in self._parts if part.name.startswith(AWAITED)]
        result = ", ".join([FIRST, *(f"EXISTS (SELECT FROM {name}) AS {name}" for name in asked)])
        row = await execute(connection, self._parts, result)
        assert row is not None  # a SELECT without FROM has one row
        self.awaited = {name for name in asked if row[name]}
        if row["is_first"]:
            return None
        return await _read(connection, self._key)

    @property
    def is_awaited(self) -> bool:
        return bool(self.awaited)


async def look(connection: Connection, key: LedgerKey) -> dict[str, Any] | None:
    """What was answered before: for effects that reach the outside before they can claim."""
    cursor = await connection.execute(
        "SELECT answer FROM step_ledger WHERE recipient_run_id = %s AND step_ref = %s AND phase = %s",
        (key.recipient_run_id, key.step_ref, key.phase),
    )
    row = await cursor.fetchone()
    return None if row is None else row["answer"]


async def set_answers_aside(
    connection: Connection, recipient_run_id: UUID, refs: list[str], version_id: UUID
) -> None:
    """A run that goes on with this version carries these steps out anew, though it had them before.

    Another version may have a step of the same ref in another place (E-BATCH-23).
    """
    await connection.execute(
        """
        UPDATE step_ledger SET phase = phase || ' before ' || %s::text
        WHERE recipient_run_id = %s AND step_ref = ANY(%s)
        """,
        (str(version_id), recipient_run_id, refs),
    )


async def _read(connection: Connection, key: LedgerKey) -> dict[str, Any]:
    answer = await look(connection, key)
    if answer is None:
        raise LookupError(f"the ledger lost {key}")
    return answer
