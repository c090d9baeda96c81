"""Batch windows and their members: joining is a row, never a signal (D9)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.parts import Part
from models.tables.cancels import LATER_CANCEL
from models.tables.columns import big_integer, moment


class BatchWindow(SQLModel, table=True):
    """One gathering of activities; at most one is open under a key.

    `owner_run_id` is the run that holds the timer. It is empty when the opener was cancelled alone: the
    window stays joinable (E-CANCEL-6) and the next joiner takes it over. It is empty too while a flushed
    leader alone has been here (E-BATCH-20). From `closed_at` on nobody joins; at `taken_at` the owner went
    on with what was gathered. `spent_cancel` is the newest cancel of the owner's key that came before the
    close: it took an activity out and stops nothing else (E-CANCEL-8).
    """

    __tablename__ = "batch_windows"
    __table_args__ = (
        Index(
            "batch_windows_open",
            "environment_id",
            "key",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("batch_windows_due", "closes_at", postgresql_where=text("taken_at IS NULL")),
        Index("batch_windows_taken", "environment_id", "taken_at"),
    )

    id: UUID = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    key: str
    workflow_key: str
    workflow_version_id: UUID
    step_ref: str
    owner_run_id: UUID | None = None
    leader_run_id: UUID | None = None
    opened_at: datetime = moment()
    closes_at: datetime = moment()
    closed_at: datetime | None = moment(nullable=True)
    close_reason: str | None = None
    member_count: int = 0
    total_activities: int | None = None
    total_actors: int | None = None
    spent_cancel: int | None = big_integer(nullable=True)
    taken_at: datetime | None = moment(nullable=True)


class BatchMember(SQLModel, table=True):
    """One batched activity. `left_at` is set when its run was cancelled before the window closed."""

    __tablename__ = "batch_members"
    __table_args__ = (Index("batch_members_by_run", "recipient_run_id"),)

    window_id: UUID = Field(primary_key=True, foreign_key="batch_windows.id")
    acceptance: int = big_integer(primary_key=True)
    recipient_run_id: UUID = Field(primary_key=True)
    joined_at: datetime = moment()
    left_at: datetime | None = moment(nullable=True)


async def find_gathered(
    connection: Connection, environment_id: UUID, window_id: UUID, *, limit: int, newest: bool
) -> list[DictRow]:
    """The first or the newest `limit` activities of a window, always oldest first (E-BATCH-22)."""
    direction = "DESC" if newest else "ASC"
    cursor = await connection.execute(
        f"""
        SELECT r.activity_id, r.inserted_at, r.trigger_data, r.actor_collection, r.actor_id,
               t.data AS shared_data, a.properties AS actor_properties, a.updated_at AS actor_updated_at
        FROM batch_members m
        JOIN recipient_runs r ON r.environment_id = %s AND r.id = m.recipient_run_id
        JOIN triggers t ON t.id = r.workflow_run_id
        LEFT JOIN recipients a ON a.environment_id = r.environment_id
            AND a.collection = r.actor_collection AND a.id = r.actor_id
        WHERE m.window_id = %s AND m.left_at IS NULL
        ORDER BY m.acceptance {direction} LIMIT %s
        """,
        (environment_id, window_id, limit),
    )
    rows = await cursor.fetchall()
    return rows[::-1] if newest else rows


async def lock_open(connection: Connection, environment_id: UUID, key: str) -> DictRow | None:
    """The open window under this key, locked until the transaction ends."""
    cursor = await connection.execute(
        "SELECT * FROM batch_windows WHERE environment_id = %s AND key = %s AND closed_at IS NULL FOR UPDATE",
        (environment_id, key),
    )
    return await cursor.fetchone()


async def find_open(connection: Connection, environment_id: UUID, key: str) -> DictRow | None:
    """The open window under this key as it is now; it may be closed at any moment."""
    cursor = await connection.execute(
        "SELECT * FROM batch_windows WHERE environment_id = %s AND key = %s AND closed_at IS NULL",
        (environment_id, key),
    )
    return await cursor.fetchone()


def held_part(window: DictRow) -> Part:
    """Lock a window, as part of a statement, if it is still as it was seen but for its count."""
    sql = """
        SELECT id FROM batch_windows
        WHERE environment_id = %(environment_id)s AND id = %(id)s AND closed_at IS NULL
          AND closes_at = %(closes_at)s AND owner_run_id = %(owner_run_id)s
        FOR UPDATE
    """
    names = ("environment_id", "id", "closes_at", "owner_run_id")
    return Part("held", sql, {name: window[name] for name in names})


def member_part(window_id: UUID, run_id: UUID, acceptance: int, now: datetime) -> Part:
    """A new member, as part of a statement."""
    sql = """
        INSERT INTO batch_members (window_id, acceptance, recipient_run_id, joined_at)
        SELECT %(window_id)s::uuid, %(acceptance)s::bigint, %(run_id)s::uuid, %(now)s::timestamptz
        FROM claimed
        ON CONFLICT DO NOTHING
    """
    values = {"window_id": window_id, "acceptance": acceptance, "run_id": run_id, "now": now}
    return Part("joined", sql, values)


def counted_part(window_id: UUID) -> Part:
    """One member more, as part of a statement; `counted` has the new `member_count`."""
    sql = """
        UPDATE batch_windows SET member_count = member_count + 1 FROM claimed
        WHERE id = %(window_id)s RETURNING member_count
    """
    return Part("counted", sql, {"window_id": window_id})


async def lock_window(connection: Connection, environment_id: UUID, window_id: UUID) -> DictRow:
    """A window by its id, locked until the transaction ends."""
    cursor = await connection.execute(
        "SELECT * FROM batch_windows WHERE environment_id = %s AND id = %s FOR UPDATE",
        (environment_id, window_id),
    )
    row = await cursor.fetchone()
    if row is None:
        raise LookupError(f"batch window {window_id} has no row")
    return row


async def open_window(connection: Connection, window: BatchWindow) -> bool:
    """False when another run opened one under the same key in between."""
    cursor = await connection.execute(
        """
        INSERT INTO batch_windows (
            id, environment_id, key, workflow_key, workflow_version_id, step_ref, leader_run_id, opened_at,
            closes_at, member_count)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 0)
        ON CONFLICT (environment_id, key) WHERE closed_at IS NULL DO NOTHING RETURNING id
        """,
        (
            window.id,
            window.environment_id,
            window.key,
            window.workflow_key,
            window.workflow_version_id,
            window.step_ref,
            window.leader_run_id,
            window.opened_at,
            window.closes_at,
        ),
    )
    return await cursor.fetchone() is not None


@dataclass(frozen=True)
class Joining:
    """A run that joins a window, and when the window closes from then on."""

    run_id: UUID
    acceptance: int
    closes_at: datetime
    now: datetime


async def add_member(connection: Connection, window_id: UUID, joining: Joining) -> DictRow:
    """The window with its new member, who holds it where nobody did; it is locked by this transaction."""
    cursor = await connection.execute(
        """
        WITH joined AS (
            INSERT INTO batch_members (window_id, acceptance, recipient_run_id, joined_at)
            VALUES (%(window_id)s, %(acceptance)s, %(run_id)s, %(now)s)
            ON CONFLICT DO NOTHING RETURNING 1
        )
        UPDATE batch_windows
        SET member_count = member_count + (SELECT count(*) FROM joined), closes_at = %(closes_at)s,
            owner_run_id = coalesce(owner_run_id, %(run_id)s)
        WHERE id = %(window_id)s RETURNING *
        """,
        {"window_id": window_id, **vars(joining)},
    )
    row = await cursor.fetchone()
    assert row is not None  # the caller holds its lock
    return row


async def set_close(
    connection: Connection, window_id: UUID, closes_at: datetime, reason: str | None = None
) -> None:
    """Move the end of an open window; `reason` is what its close will be told by, where not by its time."""
    await connection.execute(
        "UPDATE batch_windows SET closes_at = %s, close_reason = %s WHERE id = %s",
        (closes_at, reason, window_id),
    )


async def set_count(connection: Connection, window_id: UUID, count: int) -> None:
    """How many members a window really holds, after some were dismissed."""
    await connection.execute("UPDATE batch_windows SET member_count = %s WHERE id = %s", (count, window_id))


async def mark_taken(connection: Connection, window_id: UUID, now: datetime) -> None:
    """Somebody went on with what was gathered, or there was nothing to go on with."""
    await connection.execute(
        "UPDATE batch_windows SET taken_at = coalesce(taken_at, %s) WHERE id = %s", (now, window_id)
    )


async def set_owner(connection: Connection, window_id: UUID, run_id: UUID | None) -> None:
    """Who holds the window's timer from now on."""
    await connection.execute("UPDATE batch_windows SET owner_run_id = %s WHERE id = %s", (run_id, window_id))


async def leave(connection: Connection, window_id: UUID, run_id: UUID, now: datetime) -> None:
    """Take one activity out; the window stays as it is (E-CANCEL-6)."""
    await connection.execute(
        """
        UPDATE batch_members SET left_at = %s
        WHERE window_id = %s AND recipient_run_id = %s AND left_at IS NULL
        """,
        (now, window_id, run_id),
    )


async def dismiss_cancelled(connection: Connection, window_id: UUID, now: datetime) -> None:
    """Take out every member whose trigger has a later cancel; its own run ended when it was absorbed."""
    await connection.execute(
        f"""
        UPDATE batch_members m SET left_at = %s
        FROM recipient_runs r
        WHERE m.window_id = %s AND m.left_at IS NULL AND r.id = m.recipient_run_id
          AND r.cancellation_key IS NOT NULL AND {LATER_CANCEL} IS NOT NULL
        """,
        (now, window_id),
    )


async def count_members(connection: Connection, window_id: UUID) -> DictRow:
    """`activities` and distinct `actors` that a window holds now."""
    cursor = await connection.execute(
        """
        SELECT count(*) AS activities,
               count(DISTINCT (r.actor_collection, r.actor_id))
                   FILTER (WHERE r.actor_id IS NOT NULL) AS actors
        FROM batch_members m JOIN recipient_runs r ON r.id = m.recipient_run_id
        WHERE m.window_id = %s AND m.left_at IS NULL
        """,
        (window_id,),
    )
    row = await cursor.fetchone()
    assert row is not None  # an aggregate without GROUP BY always has one row
    return row


@dataclass(frozen=True)
class Closing:
    """How a window closes; an empty one has nothing for anybody to take."""

    reason: str
    totals: DictRow
    spent_cancel: int | None
    now: datetime


async def close_window(connection: Connection, window_id: UUID, closing: Closing) -> DictRow:
    """Nobody joins any more; the totals are kept for the run that goes on."""
    totals = closing.totals
    cursor = await connection.execute(
        """
        UPDATE batch_windows
        SET closed_at = %(now)s, close_reason = %(reason)s, total_activities = %(activities)s,
            total_actors = %(actors)s, spent_cancel = %(spent)s,
            closes_at = least(closes_at, %(now)s),
            taken_at = CASE WHEN %(activities)s = 0 AND owner_run_id IS NULL THEN %(now)s::timestamptz END
        WHERE id = %(id)s AND closed_at IS NULL RETURNING *
        """,
        {
            "id": window_id,
            "now": closing.now,
            "reason": closing.reason,
            "activities": totals["activities"],
            "actors": totals["actors"],
            "spent": closing.spent_cancel,
        },
    )
    row = await cursor.fetchone()
    assert row is not None  # the caller holds its lock and saw it open
    return row


async def next_member(connection: Connection, window_id: UUID) -> DictRow | None:
    """The member that takes an orphaned window over: the first absorbed one that has not left."""
    cursor = await connection.execute(
        """
        SELECT m.recipient_run_id FROM batch_members m JOIN recipient_runs r ON r.id = m.recipient_run_id
        WHERE m.window_id = %s AND m.left_at IS NULL AND r.outcome = 'absorbed'
        ORDER BY m.acceptance LIMIT 1
        """,
        (window_id,),
    )
    return await cursor.fetchone()


async def release_windows(connection: Connection, environment_id: UUID, run_id: UUID, now: datetime) -> None:
    """A run that was ended from outside leaves its open windows and holds none any more."""
    await connection.execute(
        """
        UPDATE batch_members m SET left_at = %s FROM batch_windows w
        WHERE w.environment_id = %s AND w.id = m.window_id AND w.closed_at IS NULL
          AND m.recipient_run_id = %s AND m.left_at IS NULL
        """,
        (now, environment_id, run_id),
    )
    await connection.execute(
        """
        UPDATE batch_windows SET owner_run_id = NULL
        WHERE environment_id = %s AND owner_run_id = %s AND taken_at IS NULL
        """,
        (environment_id, run_id),
    )
