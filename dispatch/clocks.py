"""Sending sleeping workflows ahead in time, by the server's own time skipping (D32)."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import FastForwardConfig, TimeSkippingConfig, WorkflowExecution
from temporalio.api.enums.v1 import FastForwardPollingResult, WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    PollWorkflowExecutionTimeSkippingRequest,
    UpdateWorkflowExecutionOptionsRequest,
)
from temporalio.service import RPCError, RPCStatusCode

from dispatch.temporal import PATIENCE, Temporal

MOST_SKIPS = 10_000
"""Timers that one call may pass in one workflow; the server's own bound is a hundred."""
LONG_POLL = timedelta(seconds=25)
"""Longer than the server keeps a poll open (20 s)."""
LOOK_AGAIN_SECONDS = 0.02
_REFUSALS = (RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.PERMISSION_DENIED)


class NotSkipping(Exception):
    """This Temporal server does not let workflows skip time; says what it answered."""


class StillMoving(Exception):
    """Some workflows did not arrive while the caller waited; says which."""


@dataclass(frozen=True)
class ClockReading:
    """What the clock of a running workflow shows, and the way it is still on, if any."""

    workflow_id: str
    now: datetime
    moving: str | None = None


async def read_clock(temporal: Temporal, workflow_id: str) -> ClockReading | None:
    """None for a workflow that has ended, or was never started."""
    described = await _describe(temporal, workflow_id)
    if described is None:
        return None
    extended = described.workflow_extended_info
    if not extended.HasField("time_skipping_info"):
        return ClockReading(workflow_id, datetime.now(UTC))
    info = extended.time_skipping_info
    ahead = info.fast_forward_info
    moving = ahead.fast_forward_id if info.effective_config.enabled and not ahead.has_completed else None
    return ClockReading(workflow_id, info.current_time.ToDatetime(UTC), moving or None)


async def _describe(temporal: Temporal, workflow_id: str) -> DescribeWorkflowExecutionResponse | None:
    """Of one that runs."""
    request = DescribeWorkflowExecutionRequest(
        namespace=temporal.client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
    )
    try:
        described = await temporal.client.workflow_service.describe_workflow_execution(
            request, timeout=PATIENCE
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    running = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
    return described if described.workflow_execution_info.status == running else None


async def move_clock(temporal: Temporal, reading: ClockReading, to: datetime, patience: timedelta) -> None:
    """Let a workflow skip every pause until its clock shows `to`; returns when it has arrived or ended.

    Raises NotSkipping, or StillMoving when it is at work for longer than `patience`.
    """
    execution = WorkflowExecution(workflow_id=reading.workflow_id)
    if reading.moving is not None:
        # Set off again half-way, a workflow would jump over the timers that it has not reached.
        await _arrived(temporal, execution, reading.moving, patience)
    fast_forward_id = str(uuid4())
    left = Duration()
    left.FromTimedelta(to - reading.now)
    ahead = FastForwardConfig(id=fast_forward_id, duration=left)
    skipping = TimeSkippingConfig(enabled=True, fast_forward_config=ahead, max_session_skip_count=MOST_SKIPS)
    try:
        await temporal.client.workflow_service.update_workflow_execution_options(
            UpdateWorkflowExecutionOptionsRequest(
                namespace=temporal.client.namespace,
                workflow_execution=execution,
                workflow_execution_options=WorkflowExecutionOptions(time_skipping_config=skipping),
                update_mask=FieldMask(paths=["time_skipping_config"]),
            ),
            timeout=PATIENCE,
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return  # It ended meanwhile.
        if error.status in _REFUSALS:
            raise NotSkipping(error.message) from error
        raise
    await _arrived(temporal, execution, fast_forward_id, patience)


async def _arrived(
    temporal: Temporal, execution: WorkflowExecution, fast_forward_id: str, patience: timedelta
) -> None:
    poll = PollWorkflowExecutionTimeSkippingRequest(
        namespace=temporal.client.namespace,
        workflow_execution=execution,
        fast_forward_id=fast_forward_id,
    )
    waiting = FastForwardPollingResult.FAST_FORWARD_POLLING_RESULT_POLL_TIMEOUT
    try:
        async with asyncio.timeout(patience.total_seconds()):
            while True:
                answer = await temporal.client.workflow_service.poll_workflow_execution_time_skipping(
                    poll, timeout=LONG_POLL
                )
                # Anything else has settled it: it arrived, or its workflow ended on the way.
                if answer.fast_forward_polling_result != waiting:
                    break
            # The last timer fired as it arrived, and what follows from it is still being done.
            await _rest(temporal, execution.workflow_id)
    except TimeoutError:
        raise StillMoving(execution.workflow_id) from None


async def _rest(temporal: Temporal, workflow_id: str) -> None:
    """Until no task and no activity of the workflow is under way, or it has ended."""
    while True:
        described = await _describe(temporal, workflow_id)
        if described is None:
            return
        if not described.HasField("pending_workflow_task") and not described.pending_activities:
            return
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
