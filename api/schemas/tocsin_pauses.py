"""Open batches and pauses as operators see them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field

from api.pagination import PageInfo
from models.queries.paging import Position
from models.values.refs import RecipientRef


class Batch(BaseModel):
    """A batch window: who gathers, until when, how much so far."""

    id: UUID
    workflow: str
    step_ref: str
    recipient: str | dict[str, Any]
    tenant: str | None
    recipient_run_id: UUID
    """The run that goes on when the window closes."""
    opened_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    close_reason: str | None
    total_items: int
    """Of an open one, as many as joined and did not leave by themselves; those that were cancelled after they
    were absorbed are taken out when it closes."""


class BatchItem(BaseModel):
    """One gathered activity; `removed_at` is set when it was cancelled or taken out."""

    activity_id: str
    recipient_run_id: UUID
    actor: str | dict[str, Any] | None
    tenant: str | None
    cancellation_key: str | None
    joined_at: datetime
    removed_at: datetime | None


class Pause(BaseModel):
    """A run that sleeps, and when it is due."""

    recipient_run_id: UUID
    workflow_run_id: UUID
    workflow: str
    step_ref: str | None
    step_type: str | None
    recipient: str | dict[str, Any]
    tenant: str | None
    cancellation_key: str | None
    due_at: datetime


class ListBatches(BaseModel):
    items: list[Batch]
    page_info: PageInfo


class ListBatchItems(BaseModel):
    items: list[BatchItem]
    page_info: PageInfo


class ListPauses(BaseModel):
    items: list[Pause]
    page_info: PageInfo


class WakeRequest(BaseModel):
    """When the pause ends instead; left out, it ends now. What is mistyped must not wake a run at once."""

    model_config = ConfigDict(extra="forbid")

    until: datetime | None = Field(default=None)


def batch(row: DictRow) -> Batch:
    return Batch(
        id=row["id"],
        workflow=row["workflow_key"],
        step_ref=row["step_ref"],
        recipient=_recipient(row),
        tenant=row["tenant_id"],
        recipient_run_id=row["owner_run_id"],
        opened_at=row["opened_at"],
        closes_at=row["closes_at"],
        closed_at=row["closed_at"],
        close_reason=row["close_reason"],
        total_items=row["member_count"] if row["closed_at"] is None else row["total_activities"],
    )


def batch_item(row: DictRow) -> BatchItem:
    actor = None
    if row["actor_id"] is not None:
        actor = RecipientRef(collection=row["actor_collection"], id=row["actor_id"]).to_api()
    return BatchItem(
        activity_id=row["activity_id"],
        recipient_run_id=row["recipient_run_id"],
        actor=actor,
        tenant=row["tenant_id"],
        cancellation_key=row["cancellation_key"],
        joined_at=row["joined_at"],
        removed_at=row["left_at"],
    )


def pause(row: DictRow) -> Pause:
    return Pause(
        recipient_run_id=row["id"],
        workflow_run_id=row["workflow_run_id"],
        workflow=row["workflow_key"],
        step_ref=row["step_ref"],
        step_type=row["step_type"],
        recipient=_recipient(row),
        tenant=row["tenant_id"],
        cancellation_key=row["cancellation_key"],
        due_at=row["waiting_until"],
    )


def batch_position(row: DictRow) -> Position:
    return row["closes_at"].isoformat(), str(row["id"])


def item_position(row: DictRow) -> Position:
    return row["acceptance"], str(row["recipient_run_id"])


def pause_position(row: DictRow) -> Position:
    return row["waiting_until"].isoformat(), str(row["id"])


def _recipient(row: DictRow) -> str | dict[str, Any]:
    return RecipientRef(collection=row["recipient_collection"], id=row["recipient_id"]).to_api()
