"""Cancels: one row each, with its own number in the order of acceptance (D10)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow
from sqlalchemy import Column, Index
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import big_integer, moment


class Cancel(SQLModel, table=True):
    """Stops the runs of triggers with a lower number that carry this key.

    `recipients` holds global ids; empty means everyone (E-CANCEL-2).
    """

    __tablename__ = "cancels"
    __table_args__ = (
        Index("cancels_by_key", "environment_id", "workflow_key", "cancellation_key"),
        Index("cancels_by_time", "environment_id", "inserted_at"),
    )

    acceptance: int = big_integer(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    workflow_key: str
    cancellation_key: str
    recipients: list[str] | None = Field(default=None, sa_column=Column(ARRAY(TEXT), nullable=True))
    api_key_id: UUID | None = None
    inserted_at: datetime = moment()


LATER_CANCEL = """(
    SELECT max(c.acceptance) FROM cancels c
    WHERE c.environment_id = r.environment_id
      AND c.workflow_key = r.workflow_key
      AND c.cancellation_key = r.cancellation_key
      AND c.acceptance > greatest(r.acceptance, coalesce(r.cancel_spent, 0))
      AND (c.recipients IS NULL
           OR c.recipients @> ARRAY['gid://Object/' || r.recipient_collection || '/' || r.recipient_id])
)"""
"""SQL: the newest cancel that applies to the run `r` and was not spent on it yet, or NULL."""


async def lock_key(
    connection: Connection, environment_id: UUID, workflow_key: str, cancellation_key: str, *, shared: bool
) -> None:
    """Until the transaction ends: cancellers exclude everyone, checkers only cancellers (D10).

    Without it a cancel and a check in two transactions miss each other.
    """
    lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    await connection.execute(
        f"SELECT {lock}(hashtextextended(%s, 0))",
        (f"cancel:{environment_id}:{workflow_key}:{cancellation_key}",),
    )


@dataclass(frozen=True)
class NewCancel:
    """A cancel before it has a number; `gids` None means everyone."""

    environment_id: UUID
    workflow_key: str
    cancellation_key: str
    gids: list[str] | None
    api_key_id: UUID | None


async def insert_cancel(connection: Connection, cancel: NewCancel, now: datetime) -> int:
    """The cancel's acceptance number."""
    cursor = await connection.execute(
        """
        INSERT INTO cancels (acceptance, environment_id, workflow_key, cancellation_key, recipients,
                             api_key_id, inserted_at)
        VALUES (nextval('acceptance'), %s, %s, %s, %s, %s, %s)
        RETURNING acceptance
        """,
        (
            cancel.environment_id,
            cancel.workflow_key,
            cancel.cancellation_key,
            cancel.gids,
            cancel.api_key_id,
            now,
        ),
    )
    row = await cursor.fetchone()
    assert row is not None  # an INSERT without a conflict clause returns its row
    return int(row["acceptance"])


async def find_canceller(connection: Connection, environment_id: UUID, acceptance: int) -> DictRow | None:
    """The API key that a cancel was sent with, and when it was accepted."""
    cursor = await connection.execute(
        "SELECT api_key_id, inserted_at FROM cancels WHERE environment_id = %s AND acceptance = %s",
        (environment_id, acceptance),
    )
    return await cursor.fetchone()


async def find_cancellable(
    connection: Connection, environment_id: UUID, acceptance: int, limit: int, after: UUID | None = None
) -> list[DictRow]:
    """Open runs that the cancel of this number applies to, in pages by run id."""
    cursor = await connection.execute(
        """
        SELECT r.id, r.workflow_key, r.workflow_run_id, r.recipient_collection, r.recipient_id, r.incarnation,
               e.slug
        FROM cancels c
        JOIN recipient_runs r ON r.environment_id = c.environment_id AND r.workflow_key = c.workflow_key
            AND r.cancellation_key = c.cancellation_key
        JOIN environments e ON e.id = r.environment_id
        WHERE c.environment_id = %(environment_id)s AND c.acceptance = %(acceptance)s
          AND r.finished_at IS NULL
          AND c.acceptance > greatest(r.acceptance, coalesce(r.cancel_spent, 0))
          AND (c.recipients IS NULL
               OR c.recipients @> ARRAY['gid://Object/' || r.recipient_collection || '/' || r.recipient_id])
          AND (%(after)s::uuid IS NULL OR r.id > %(after)s::uuid)
        ORDER BY r.id LIMIT %(limit)s
        """,
        {"environment_id": environment_id, "acceptance": acceptance, "limit": limit, "after": after},
    )
    return await cursor.fetchall()
