"""Recipient runs: one recipient's journey through one version of a workflow."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.tables.columns import big_integer, document, moment, verbatim_document


class RecipientRun(SQLModel, table=True):
    """The truth about a run; its Temporal workflow only carries it out.

    The row exists before the workflow starts. `data` stays empty until a step changes the run's data.
    `incarnation` counts the workflows that carried it: above 0, an absorbed or lost run was taken up again
    to close a batch window. `cancel_spent` is the acceptance number of the cancel that took its activity out
    of a window it still closes for others (E-CANCEL-8).
    """

    __tablename__ = "recipient_runs"
    __table_args__ = (
        Index("recipient_runs_by_time", "environment_id", "inserted_at", "id"),
        Index("recipient_runs_by_trigger", "workflow_run_id"),
        Index("recipient_runs_by_recipient", "environment_id", "recipient_collection", "recipient_id"),
        Index(
            "recipient_runs_cancellable",
            "environment_id",
            "workflow_key",
            "cancellation_key",
            postgresql_where=text("finished_at IS NULL AND cancellation_key IS NOT NULL"),
        ),
        Index("recipient_runs_open", "updated_at", "id", postgresql_where=text("finished_at IS NULL")),
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
    activity_id: str
    status: str
    outcome: str | None = None
    outcome_reason: str | None = None
    error_count: int = 0
    window_id: UUID | None = None
    cancel_spent: int | None = big_integer(nullable=True)
    incarnation: int = 0
    waiting_until: datetime | None = moment(nullable=True)
    inserted_at: datetime = moment()
    updated_at: datetime = moment()
    finished_at: datetime | None = moment(nullable=True)


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


class LedgerEntry(SQLModel, table=True):
    """What an effect answered the first time; whoever asks again hears the same (D24)."""

    __tablename__ = "step_ledger"

    recipient_run_id: UUID = Field(primary_key=True)
    step_ref: str = Field(primary_key=True)
    phase: str = Field(primary_key=True)
    answer: dict[str, Any] = verbatim_document()
    at: datetime = moment()
