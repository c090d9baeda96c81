"""Recipient runs: one recipient's journey through one version of a workflow."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Json
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.parts import Part
from models.tables.audience_members import MEMBERSHIPS
from models.tables.cancels import LATER_CANCEL
from models.tables.columns import big_integer, document, moment, verbatim_document
from models.tables.lists import LISTS_OF_RUNS
from models.tables.preference_sets import LAYERS
from models.tables.variables import PUBLIC_VALUES, SECRET_VALUES
from models.values.kinds import Outcome, RunStatus
from models.values.refs import RecipientRef


class RecipientRun(SQLModel, table=True):
    """The truth about a run; its Temporal workflow only carries it out.

    The row exists before the workflow starts. `data` stays empty until a step changes the run's data.
    `subscription` is `{collection, id, properties}` of a run that a subscription led to: the object, and the
    subscription's properties (E-SUBS-4). `incarnation` counts the workflows that carried it: above 0, an
    absorbed or lost run was taken up again to close a batch window. `cancel_spent` is the acceptance number
    of the cancel that took its activity out of a window it still closes for others (E-CANCEL-8).
    """

    __tablename__ = "recipient_runs"
    __table_args__ = (
        Index("recipient_runs_by_time", "environment_id", "inserted_at", "id"),
        Index("recipient_runs_by_trigger", "workflow_run_id"),
        Index("recipient_runs_by_recipient", "environment_id", "recipient_collection", "recipient_id"),
        *LISTS_OF_RUNS,
        Index(
            "recipient_runs_cancellable",
            "environment_id",
            "workflow_key",
            "cancellation_key",
            postgresql_where=text("finished_at IS NULL AND cancellation_key IS NOT NULL"),
        ),
        Index(
            "recipient_runs_open",
            "environment_id",
            "checked_at",
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    workflow_run_id: UUID = Field(foreign_key="triggers.id")
    workflow_key: str
    workflow_version_id: UUID
    recipient_collection: str
    recipient_id: str
    actor_collection: str | None = None
    actor_id: str | None = None
    tenant_id: str | None = None
    cancellation_key: str | None = None
    acceptance: int = big_integer()
    trigger_source: str
    trigger_data: dict[str, Any] | None = verbatim_document(nullable=True)
    data: dict[str, Any] | None = verbatim_document(nullable=True)
    subscription: dict[str, Any] | None = document(nullable=True)
    activity_id: str
    status: str
    outcome: str | None = None
    outcome_reason: str | None = None
    error_count: int = 0
    window_id: UUID | None = None
    cancel_spent: int | None = big_integer(nullable=True)
    incarnation: int = 0
    resume_window_id: UUID | None = None
    waiting_until: datetime | None = moment(nullable=True)
    checked_at: datetime | None = moment(nullable=True)
    cancel_told_at: datetime | None = moment(nullable=True)
    inserted_at: datetime = moment()
    updated_at: datetime = moment()
    finished_at: datetime | None = moment(nullable=True)

    @property
    def recipient(self) -> RecipientRef:
        return RecipientRef(collection=self.recipient_collection, id=self.recipient_id)


class LedgerEntry(SQLModel, table=True):
    """What an effect answered the first time; whoever asks again hears the same (D24)."""

    __tablename__ = "step_ledger"

    recipient_run_id: UUID = Field(primary_key=True)
    step_ref: str = Field(primary_key=True)
    phase: str = Field(primary_key=True)
    answer: dict[str, Any] = verbatim_document()
    at: datetime = moment()


# LIMIT tells the planner that there is one account: it guessed hundreds and read all recipients for them.
FACTS = f"""
    SELECT r.*, t.data AS shared_data, t.settings AS trigger_settings, t.answered_at, t.retired_at,
           t.fan_out,
           e.slug, w.active, v.archived_at AS workflow_archived_at,
           v.environment_id AS content_environment_id, ce.commit_number AS content_number,
           account.branding AS account_branding, account.locale AS account_locale,
           account.timezone AS account_timezone, account.translations_enabled,
           {LATER_CANCEL} AS later_cancel,
           recipient.properties AS recipient_properties, recipient.updated_at AS recipient_updated_at,
           actor.properties AS actor_properties, actor.updated_at AS actor_updated_at,
           tenant.properties AS tenant_properties, tenant.updated_at AS tenant_updated_at,
           subscribed.properties AS subscribed_properties, subscribed.updated_at AS subscribed_updated_at,
           bw.step_ref AS window_step_ref, bw.total_activities, bw.total_actors,
           ({LAYERS.format(run="r")}) AS preference_layers, ({MEMBERSHIPS.format(run="r")}) AS memberships,
           ({PUBLIC_VALUES.format(environment_id="r.environment_id")}) AS variables,
           ({SECRET_VALUES.format(environment_id="r.environment_id")}) AS secrets
    FROM recipient_runs r
    JOIN triggers t ON t.id = r.workflow_run_id
    JOIN environments e ON e.id = r.environment_id
    JOIN resource_versions v ON v.id = r.workflow_version_id
    JOIN resources w ON w.environment_id = v.environment_id AND w.type = v.type AND w.key = v.key
    JOIN environments ce ON ce.id = v.environment_id
    CROSS JOIN (SELECT * FROM account LIMIT 1) account
    LEFT JOIN recipients recipient ON recipient.environment_id = r.environment_id
        AND recipient.collection = r.recipient_collection AND recipient.id = r.recipient_id
    LEFT JOIN recipients actor ON actor.environment_id = r.environment_id
        AND actor.collection = r.actor_collection AND actor.id = r.actor_id
    LEFT JOIN recipients tenant ON tenant.environment_id = r.environment_id
        AND tenant.collection = '$tenants' AND tenant.id = r.tenant_id
    LEFT JOIN recipients subscribed ON subscribed.environment_id = r.environment_id
        AND subscribed.collection = r.subscription ->> 'collection'
        AND subscribed.id = r.subscription ->> 'id'
    LEFT JOIN batch_windows bw ON bw.environment_id = r.environment_id AND bw.id = r.window_id
    WHERE r.environment_id = %s AND r.id = %s
"""


async def find_facts(connection: Connection, environment_id: UUID, run_id: UUID) -> DictRow | None:
    """Everything a step's performer reads of a run, in one statement."""
    # Prepared at once: five executions of a prepared statement later Postgres plans it no more.
    cursor = await connection.execute(FACTS, (environment_id, run_id), prepare=True)
    return await cursor.fetchone()


async def later_cancel(connection: Connection, environment_id: UUID, run_id: UUID) -> int | None:
    """The newest cancel that applies to the run; read it under the key's lock (D10)."""
    cursor = await connection.execute(
        f"SELECT {LATER_CANCEL} AS later_cancel FROM recipient_runs r WHERE environment_id = %s AND id = %s",
        (environment_id, run_id),
    )
    return row["later_cancel"] if (row := await cursor.fetchone()) else None


def status_part(
    environment_id: UUID,
    run_id: UUID,
    status: RunStatus,
    now: datetime,
    waiting_until: datetime | None = None,
) -> Part:
    """Moving an open run between processing and paused, as part of a statement."""
    sql = """
        UPDATE recipient_runs
        SET status = %(status)s, waiting_until = %(waiting_until)s::timestamptz, updated_at = %(now)s
        WHERE environment_id = %(environment_id)s AND id = %(run_id)s AND finished_at IS NULL
          AND EXISTS (SELECT FROM claimed)
    """
    values = {
        "environment_id": environment_id,
        "run_id": run_id,
        "status": status.value,
        "now": now,
        "waiting_until": waiting_until,
    }
    return Part("moved", sql, values)


async def set_status(
    connection: Connection,
    environment_id: UUID,
    run_id: UUID,
    status: RunStatus,
    now: datetime,
    waiting_until: datetime | None = None,
) -> None:
    """Move an open run between processing and paused; a finished one stays as it is."""
    await connection.execute(
        """
        UPDATE recipient_runs SET status = %s, waiting_until = %s, updated_at = %s
        WHERE environment_id = %s AND id = %s AND finished_at IS NULL
        """,
        (status.value, waiting_until, now, environment_id, run_id),
    )


CLOSE = """
    UPDATE recipient_runs
    SET status = %(status)s, outcome = %(outcome)s, outcome_reason = %(reason)s, waiting_until = NULL,
        error_count = error_count + %(errors)s::int, updated_at = %(now)s, finished_at = %(now)s
    WHERE environment_id = %(environment_id)s AND id = %(run_id)s AND finished_at IS NULL
"""


@dataclass(frozen=True)
class Ending:
    """How a run ends; one that failed counts one more error."""

    environment_id: UUID
    run_id: UUID
    outcome: Outcome
    reason: str | None
    now: datetime
    errors: int = 0

    def values(self) -> dict[str, Any]:
        return {
            "environment_id": self.environment_id,
            "run_id": self.run_id,
            "status": self.outcome.status.value,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "errors": int(self.errors),
            "now": self.now,
        }


async def close_run(connection: Connection, ending: Ending) -> None:
    """Settle a run for good; the first outcome stays."""
    await connection.execute(CLOSE, ending.values())


def close_part(ending: Ending, *, unless_it_holds: bool = False) -> Part:
    """Settling a run, as part of a statement; a row of it says that it was open (and held no window)."""
    held = " AND status <> 'paused' AND incarnation = 0" if unless_it_holds else ""
    return Part("closed", f"{CLOSE}{held} AND EXISTS (SELECT FROM claimed) RETURNING 1", ending.values())


async def count_error(connection: Connection, environment_id: UUID, run_id: UUID, now: datetime) -> None:
    """A step failed and its run goes on."""
    await connection.execute(
        """
        UPDATE recipient_runs SET error_count = error_count + 1, updated_at = %s
        WHERE environment_id = %s AND id = %s
        """,
        (now, environment_id, run_id),
    )


async def set_data(
    connection: Connection, environment_id: UUID, run_id: UUID, data: dict[str, Any], now: datetime
) -> None:
    """What later steps and messages see as the run's data (E-RUN-18)."""
    await connection.execute(
        "UPDATE recipient_runs SET data = %s, updated_at = %s WHERE environment_id = %s AND id = %s",
        (Json(data), now, environment_id, run_id),
    )


async def find_carrier(connection: Connection, environment_id: UUID, run_id: UUID) -> DictRow | None:
    """What names the workflow that carries a run."""
    cursor = await connection.execute(
        """
        SELECT r.id, r.environment_id, r.workflow_key, r.workflow_run_id, r.recipient_collection,
               r.recipient_id, r.incarnation, r.tenant_id, r.cancellation_key, r.status, r.finished_at, e.slug
        FROM recipient_runs r JOIN environments e ON e.id = r.environment_id
        WHERE r.environment_id = %s AND r.id = %s
        """,
        (environment_id, run_id),
    )
    return await cursor.fetchone()


async def find_outcome(connection: Connection, environment_id: UUID, run_id: UUID) -> str | None:
    """How a run ended; None for one that is open, or has no row any more."""
    cursor = await connection.execute(
        "SELECT outcome FROM recipient_runs WHERE environment_id = %s AND id = %s", (environment_id, run_id)
    )
    row = await cursor.fetchone()
    return None if row is None else row["outcome"]


@dataclass(frozen=True)
class Gathered:
    """What a run goes on with after a batch: the window it speaks for, merged data, a workflow version."""

    window_id: UUID
    version_id: UUID
    data: dict[str, Any]


async def go_on_gathered(
    connection: Connection, environment_id: UUID, run_id: UUID, gathered: Gathered, now: datetime
) -> None:
    """From now on the run speaks for everything its window gathered."""
    await connection.execute(
        """
        UPDATE recipient_runs
        SET window_id = %s, workflow_version_id = %s, data = %s, updated_at = %s,
            status = CASE WHEN finished_at IS NULL THEN 'processing' ELSE status END, waiting_until = NULL
        WHERE environment_id = %s AND id = %s
        """,
        (gathered.window_id, gathered.version_id, Json(gathered.data), now, environment_id, run_id),
    )


async def spend_cancel(connection: Connection, environment_id: UUID, run_id: UUID, acceptance: int) -> None:
    """A cancel with this number or a lower one does not stop the run any more (E-CANCEL-8)."""
    await connection.execute(
        """
        UPDATE recipient_runs SET cancel_spent = greatest(cancel_spent, %s)
        WHERE environment_id = %s AND id = %s
        """,
        (acceptance, environment_id, run_id),
    )


async def is_still_open(connection: Connection, environment_id: UUID, run_id: UUID, incarnation: int) -> bool:
    """Whether this incarnation of the run is open; it stays so until the transaction ends."""
    cursor = await connection.execute(
        """
        SELECT FROM recipient_runs
        WHERE environment_id = %s AND id = %s AND incarnation = %s AND finished_at IS NULL FOR UPDATE
        """,
        (environment_id, run_id, incarnation),
    )
    return await cursor.fetchone() is not None
