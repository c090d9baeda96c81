"""Batch windows and their members: joining is a row, never a signal (D9)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.tables.columns import big_integer, moment


class BatchWindow(SQLModel, table=True):
    """One gathering of activities; at most one is open under a key.

    `owner_run_id` is the run that holds the timer. It is empty when the opener was cancelled alone: the
    window stays joinable (E-CANCEL-6) and the next joiner takes it over.
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
        Index("batch_windows_due", "closes_at", postgresql_where=text("closed_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    key: str
    workflow_key: str
    workflow_version_id: UUID
    step_ref: str
    owner_run_id: UUID | None = None
    opened_at: datetime = moment()
    closes_at: datetime = moment()
    closed_at: datetime | None = moment(nullable=True)
    close_reason: str | None = None
    member_count: int = 0


class BatchMember(SQLModel, table=True):
    """One batched activity. `left_at` is set when its run was cancelled before the window closed."""

    __tablename__ = "batch_members"
    __table_args__ = (Index("batch_members_by_run", "recipient_run_id"),)

    window_id: UUID = Field(primary_key=True, foreign_key="batch_windows.id")
    acceptance: int = big_integer(primary_key=True)
    recipient_run_id: UUID = Field(primary_key=True)
    joined_at: datetime = moment()
    left_at: datetime | None = moment(nullable=True)
