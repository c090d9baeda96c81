"""Asking Temporal how a workflow stands."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowFailureError,
)
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError
from temporalio.service import RPCError, RPCStatusCode

from dispatch.temporal import PATIENCE, Temporal
from models.values.kinds import Outcome
from workflows_engine import names
from workflows_engine.errors import ROW_MISSING

log = logging.getLogger(__name__)

_RUN_ID = SearchAttributeKey.for_keyword(names.WORKFLOW_RUN_ID)
_WAITING_FOR = SearchAttributeKey.for_keyword(names.WAITING_FOR)


class Condition(StrEnum):
    """What the reconciler tells apart."""

    RUNNING = "running"
    MISSING = "missing"
    TERMINATED = "terminated"
    FAILED = "failed"
    CLOSED = "closed"


_CONDITIONS = {
    WorkflowExecutionStatus.RUNNING: Condition.RUNNING,
    WorkflowExecutionStatus.CONTINUED_AS_NEW: Condition.RUNNING,
    WorkflowExecutionStatus.TERMINATED: Condition.TERMINATED,
    WorkflowExecutionStatus.FAILED: Condition.FAILED,
    WorkflowExecutionStatus.TIMED_OUT: Condition.FAILED,
}


async def condition_of(temporal: Temporal, workflow_id: str) -> Condition:
    """How the newest execution of this id stands; MISSING for one that was never started or is forgotten."""
    try:
        handle = temporal.client.get_workflow_handle(workflow_id)
        described = await handle.describe(rpc_timeout=PATIENCE)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return Condition.MISSING
        raise
    if described.status is None:
        return Condition.RUNNING
    return _CONDITIONS.get(described.status, Condition.CLOSED)


FORGOTTEN = "Postgres was restored to before what this workflow did: its run is carried out again"
"""The reason with which workflows are ended that got further than Postgres remembers."""


async def is_forgotten(temporal: Temporal, workflow_id: str, condition: Condition) -> bool:
    """Whether the workflow of an *open* run ended by itself, or by us: Postgres lost how.

    False for one that a person ended, that no worker could carry out, and that still runs or never did.
    """
    if condition in (Condition.RUNNING, Condition.MISSING):
        return False
    return await ending_of(temporal, workflow_id) not in (None, Outcome.CANCELLED)


async def ending_of(temporal: Temporal, workflow_id: str) -> str | None:
    """What a closed workflow answered; FORGOTTEN or ROW_MISSING if it ended for that; None for other ends."""
    handle = temporal.client.get_workflow_handle(workflow_id, result_type=str)
    try:
        answer: str = await handle.result(rpc_timeout=PATIENCE)
    except WorkflowFailureError as error:
        cause: BaseException | None = error.cause
        while cause is not None:
            match cause:
                case TerminatedError(message=reason) if reason == FORGOTTEN:
                    return FORGOTTEN
                case ApplicationError(type=kind) if kind == ROW_MISSING:
                    return ROW_MISSING
                case CancelledError():
                    return Outcome.CANCELLED
            cause = cause.__cause__
        return None
    return answer


async def end_forgotten(temporal: Temporal, workflow_id: str) -> None:
    """End a workflow that knows more than Postgres; one that has ended, or never was, is left as it is."""
    try:
        handle = temporal.client.get_workflow_handle(workflow_id)
        await handle.terminate(reason=FORGOTTEN, rpc_timeout=PATIENCE)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def last_event_at(temporal: Temporal, workflow_id: str) -> datetime | None:
    """When anything happened last in the newest execution of this id; None where there is none."""
    events = await last_events(temporal, workflow_id, 1)
    return events[0].event_time.ToDatetime(tzinfo=UTC) if events else None


async def last_events(temporal: Temporal, workflow_id: str, most: int) -> list[HistoryEvent]:
    """The newest first; none where there is no such workflow."""
    asked = GetWorkflowExecutionHistoryReverseRequest(
        namespace=temporal.client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id),
        maximum_page_size=most,
    )
    service = temporal.client.workflow_service
    try:
        page = await service.get_workflow_execution_history_reverse(asked, timeout=PATIENCE)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return []
        raise
    return list(page.history.events)


@dataclass(frozen=True)
class Carried:
    """A workflow that carries a trigger, or a run of it."""

    workflow_id: str
    workflow_run_id: UUID
    is_running: bool
    is_waiting: bool
    """Whether it has ever paused."""


async def list_started(temporal: Temporal, slug: str, since: datetime | None) -> AsyncIterator[Carried]:
    """What carries triggers of an environment, started at a moment or after it; known a moment late."""
    query = f'WorkflowType IN ("RecipientRun", "WorkflowRun") AND TocsinEnvironment = "{slug}"'
    if since is not None:
        query += f' AND StartTime >= "{since.isoformat()}"'
    async for one in temporal.client.list_workflows(query, rpc_timeout=PATIENCE):
        attributes = one.typed_search_attributes
        yield Carried(
            workflow_id=one.id,
            workflow_run_id=UUID(attributes[_RUN_ID]),
            is_running=one.status is WorkflowExecutionStatus.RUNNING,
            is_waiting=_WAITING_FOR in [pair.key for pair in attributes],
        )


async def count_running(temporal: Temporal, slug: str) -> int | None:
    """How many recipient runs of an environment Temporal lists as running, a moment late.

    None when it does not say: it is away, or a server without search attributes.
    """
    query = f'WorkflowType = "RecipientRun" AND ExecutionStatus = "Running" AND TocsinEnvironment = "{slug}"'
    try:
        counted = await temporal.client.count_workflows(query, rpc_timeout=PATIENCE)
    except RPCError as error:
        log.info("Temporal does not count runs: %s", error)
        return None
    return counted.count
