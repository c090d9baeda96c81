"""Bulk operations: what became of a call that wrote many rows at once."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.ids import new_uuid
from models.tables.columns import document, moment


class BulkOperation(SQLModel, table=True):
    """One bulk call. `error_items` holds `{id, collection?}` of every row that could not be written."""

    __tablename__ = "bulk_operations"

    id: UUID = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    name: str
    status: str
    estimated_total_rows: int
    processed_rows: int
    success_count: int
    error_count: int
    error_items: list[dict[str, Any]] = document()
    inserted_at: datetime = moment()
    updated_at: datetime = moment()
    started_at: datetime | None = moment(nullable=True)
    completed_at: datetime | None = moment(nullable=True)
    failed_at: datetime | None = moment(nullable=True)


@dataclass(frozen=True)
class Tally:
    """How many rows a call named, and `{id, collection?}` of those that could not be written."""

    name: str
    total: int
    errors: list[dict[str, Any]] = field(default_factory=list)


async def record_completed(
    connection: Connection, environment_id: UUID, tally: Tally, now: datetime
) -> DictRow:
    """Write down an operation carried out whole in this very transaction, and answer its row."""
    cursor = await connection.execute(
        """
        INSERT INTO bulk_operations
            (id, environment_id, name, status, estimated_total_rows, processed_rows, success_count,
             error_count, error_items, inserted_at, updated_at, started_at, completed_at)
        VALUES (%(id)s, %(environment_id)s, %(name)s, 'completed', %(total)s, %(total)s, %(successes)s,
                %(errors)s, %(items)s, %(now)s, %(now)s, %(now)s, %(now)s)
        RETURNING *
        """,
        {
            "id": new_uuid(),
            "environment_id": environment_id,
            "name": tally.name,
            "total": tally.total,
            "successes": tally.total - len(tally.errors),
            "errors": len(tally.errors),
            "items": Jsonb(tally.errors),
            "now": now,
        },
    )
    row = await cursor.fetchone()
    assert row is not None  # RETURNING answers what it wrote
    return row


async def find_bulk_operation(
    connection: Connection, environment_id: UUID, operation_id: UUID
) -> DictRow | None:
    """The operation's row, or None for one this environment does not have."""
    cursor = await connection.execute(
        "SELECT * FROM bulk_operations WHERE environment_id = %s AND id = %s", (environment_id, operation_id)
    )
    return await cursor.fetchone()
