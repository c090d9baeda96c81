"""The reconciler's report: for each environment what was accepted, what is open, and what was healed (D5)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import big_integer, document, moment

QUIET = timedelta(minutes=15)
"""An open run that waits for nothing to come and wrote nothing for so long is unexplained."""


class Reconciliation(SQLModel, table=True):
    """One row for each environment, written again by each round.

    `healed` counts each kind of difference since the first round, `found` those of the last round that had
    any, at `found_at`. The figures below are of `counted_at`: runs that were ever accepted, those that are
    open, and of these the unexplained ones; Temporal's own count of running ones, None where it cannot say;
    triggers that were not answered yet, and answered ones that still start their runs. `erased` runs were
    accepted too: retention took their rows.
    """

    __tablename__ = "reconciliations"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    rounds: int = big_integer()
    at: datetime = moment()
    healed: dict[str, Any] = document()
    found: dict[str, Any] = document()
    found_at: datetime | None = moment(nullable=True)
    counted_at: datetime | None = moment(nullable=True)
    accepted: int = big_integer(default=0)
    open: int = big_integer(default=0)
    unexplained: int = big_integer(default=0)
    running: int | None = big_integer(nullable=True)
    unanswered: int = big_integer(default=0)
    fanning_out: int = big_integer(default=0)
    erased: int = big_integer(default=0)


async def note_round(
    connection: Connection, environment_id: UUID, now: datetime, healed: Mapping[str, int]
) -> datetime | None:
    """Keep what a round healed; answers when the runs were counted last."""
    cursor = await connection.execute(
        """
        INSERT INTO reconciliations AS kept (environment_id, rounds, at, healed, found, found_at)
        VALUES (%(environment_id)s, 1, %(now)s, %(healed)s, %(healed)s, %(found_at)s)
        ON CONFLICT (environment_id) DO UPDATE SET
            rounds = kept.rounds + 1, at = EXCLUDED.at,
            healed = (
                SELECT coalesce(jsonb_object_agg(key, total), '{}') FROM (
                    SELECT key, sum(value::bigint) AS total FROM (
                        SELECT * FROM jsonb_each_text(kept.healed)
                        UNION ALL SELECT * FROM jsonb_each_text(EXCLUDED.healed)) AS both_
                    GROUP BY key) AS summed),
            found = CASE WHEN EXCLUDED.found_at IS NULL THEN kept.found ELSE EXCLUDED.found END,
            found_at = coalesce(EXCLUDED.found_at, kept.found_at)
        RETURNING counted_at
        """,
        {
            "environment_id": environment_id,
            "now": now,
            "healed": Jsonb(dict(healed)),
            "found_at": now if healed else None,
        },
    )
    row = await cursor.fetchone()
    assert row is not None  # it was just written
    counted_at: datetime | None = row["counted_at"]
    return counted_at


async def count_runs(
    connection: Connection, environment_id: UUID, now: datetime, running: int | None
) -> None:
    """Count what is accepted and open, in one statement and so at one moment; `running` is Temporal's count.

    It reads an index of all runs and the open ones themselves: for a million runs some tenths of a second.
    """
    await connection.execute(
        """
        UPDATE reconciliations SET
            counted_at = %(now)s, running = %(running)s,
            accepted = erased + (
                SELECT count(*) FROM recipient_runs WHERE environment_id = %(environment_id)s),
            (open, unexplained) = (
                SELECT count(*), count(*) FILTER (
                    WHERE updated_at < %(quiet)s AND coalesce(waiting_until, updated_at) < %(quiet)s)
                FROM recipient_runs
                WHERE environment_id = %(environment_id)s AND finished_at IS NULL),
            unanswered = (
                SELECT count(*) FROM triggers WHERE environment_id = %(environment_id)s
                  AND answered_at IS NULL AND retired_at IS NULL),
            fanning_out = (
                SELECT count(*) FROM triggers WHERE environment_id = %(environment_id)s
                  AND fan_out = 'pending' AND answered_at IS NOT NULL AND retired_at IS NULL)
        WHERE environment_id = %(environment_id)s
        """,
        {"environment_id": environment_id, "now": now, "quiet": now - QUIET, "running": running},
    )


async def count_rounds(connection: Connection) -> int:
    """Rounds ever made, in all environments: it falls only when Postgres is restored to an earlier time."""
    cursor = await connection.execute(
        "SELECT coalesce(sum(rounds), 0)::bigint AS rounds FROM reconciliations"
    )
    row = await cursor.fetchone()
    assert row is not None  # an aggregate always answers
    rounds: int = row["rounds"]
    return rounds


async def lock_rounds(connection: Connection) -> None:
    """Only one at a time looks back after a restore, until its transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('tocsin-look-back'))")


async def skip_rounds(connection: Connection, environment_id: UUID, rounds: int) -> None:
    """Count rounds that were made before Postgres was restored."""
    await connection.execute(
        "UPDATE reconciliations SET rounds = rounds + %s WHERE environment_id = %s", (rounds, environment_id)
    )


async def find_report(connection: Connection, environment_id: UUID) -> DictRow | None:
    """The environment's report; None before its first round."""
    cursor = await connection.execute(
        """
        SELECT k.*, k.accepted - k.open AS finished, e.slug
        FROM reconciliations k JOIN environments e ON e.id = k.environment_id
        WHERE k.environment_id = %s
        """,
        (environment_id,),
    )
    return await cursor.fetchone()


async def list_reports(connection: Connection) -> list[DictRow]:
    """The report of every environment that is no branch, in their order, after those that were deleted.

    Runs of a deleted one go on, and so does the reconciler.
    """
    cursor = await connection.execute(
        """
        SELECT k.*, k.accepted - k.open AS finished, e.slug
        FROM reconciliations k JOIN environments e ON e.id = k.environment_id
        ORDER BY e.deleted_at IS NULL, e.position
        """
    )
    return await cursor.fetchall()
