"""Asking Temporal how a workflow stands."""

import logging
from enum import StrEnum

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from dispatch.temporal import PATIENCE, Temporal

log = logging.getLogger(__name__)


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
