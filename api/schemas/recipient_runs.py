"""Recipient runs as the API shows them."""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import Field

from api.pagination import PageInfo, by_time, encode
from api.schemas.resource import Listed, Moment, Reference, Resource, reference
from models.queries.paging import Position


class WorkflowRecipientRunTriggerSource(Resource):
    type: str
    cancellation_key: str | None = None
    audience_key: str | None = None
    schedule_id: str | None = None


class WorkflowRecipientRunEvent(Resource):
    """One line of the run's log (E-DEBUG-2)."""

    typename: str = Field("WorkflowRecipientRunEvent", alias="__typename")
    id: str
    event: str
    status: str
    attempt: int
    step_ref: str | None
    step_type: str | None
    data: dict[str, Any] | None
    inserted_at: Moment


class WorkflowRecipientRun(Listed):
    typename: str = Field("WorkflowRecipientRun", alias="__typename")
    id: UUID
    workflow_run_id: UUID
    workflow: str
    status: str
    recipient: Reference
    actor: Reference | None
    tenant: str | None
    error_count: int
    trigger_source: WorkflowRecipientRunTriggerSource
    inserted_at: Moment
    updated_at: Moment


class WorkflowRecipientRunDetail(WorkflowRecipientRun):
    events: list[WorkflowRecipientRunEvent]


class ListWorkflowRecipientRunsResponse(Resource):
    items: list[WorkflowRecipientRun]
    page_info: PageInfo


def position(row: DictRow) -> Position:
    return by_time(row["inserted_at"], row["id"])


def recipient_run(row: DictRow) -> WorkflowRecipientRun:
    return WorkflowRecipientRun(
        cursor=encode(position(row)),
        id=row["id"],
        workflow_run_id=row["workflow_run_id"],
        workflow=row["workflow_key"],
        status=row["status"],
        recipient=reference(row, "recipient"),
        actor=reference(row, "actor"),
        tenant=row["tenant_id"],
        error_count=row["error_count"],
        trigger_source=WorkflowRecipientRunTriggerSource(
            type=row["trigger_source"],
            cancellation_key=row["cancellation_key"],
            schedule_id=None if row["schedule_id"] is None else str(row["schedule_id"]),
        ),
        inserted_at=row["inserted_at"],
        updated_at=row["updated_at"],
    )


def recipient_run_detail(row: DictRow, events: list[DictRow]) -> WorkflowRecipientRunDetail:
    shown = recipient_run(row).model_dump(by_alias=False)
    return WorkflowRecipientRunDetail(
        **shown, events=[WorkflowRecipientRunEvent(**event) for event in events]
    )
