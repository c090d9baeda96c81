"""Starting workflows under deterministic ids: whoever comes second finds the first (D7)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from temporalio.common import (
    Priority,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from dispatch.temporal import PATIENCE, Temporal
from models.values.refs import RecipientRef
from workflows_engine import names
from workflows_engine.delivery import DeliveryInput, DeliveryWorkflow
from workflows_engine.maintenance import CancelInput, CancelWorkflow, MaintenanceWorkflow
from workflows_engine.recipient_run import RecipientRunWorkflow
from workflows_engine.run import RunInput
from workflows_engine.workflow_run import WorkflowRunInput, WorkflowRunWorkflow

AHEAD = Priority(priority_key=1)
"""Before whatever waits in the same queue: what an operator or a cancel asks for is little."""


@dataclass(frozen=True)
class StartableRun:
    """A recipient run whose row is written, and what its caller named it by."""

    environment_id: UUID
    environment: str
    workflow_key: str
    workflow_run_id: UUID
    recipient_run_id: UUID
    recipient: RecipientRef
    tenant_id: str | None = None
    cancellation_key: str | None = None
    incarnation: int = 0
    is_bulk: bool = False
    """Of a large fan-out: its tenant's other runs have turns beside it."""
    is_crowd: bool = False
    """Of many that were asked for at a time: it leaves room for others."""

    @property
    def task_queue(self) -> str:
        return names.BULK if self.is_bulk or self.is_crowd else names.RUNS

    @property
    def workflow_id(self) -> str:
        return names.recipient_run_workflow(
            self.environment, self.workflow_key, self.recipient, self.recipient_run_id, self.incarnation
        )


@dataclass(frozen=True)
class Started:
    """The workflow that carries it; the run id is None when it was started before."""

    workflow_id: str
    run_id: str | None


async def start_recipient_run(temporal: Temporal, run: StartableRun) -> Started:
    """Start one recipient's run; already started is success."""
    given = RunInput(
        environment_id=run.environment_id,
        environment=run.environment,
        workflow_key=run.workflow_key,
        workflow_run_id=run.workflow_run_id,
        recipient_run_id=run.recipient_run_id,
        recipient=run.recipient,
        incarnation=run.incarnation,
        is_listed=temporal.is_listed,
        whose=owner_of(run.environment_id, run.tenant_id, is_bulk=run.is_bulk),
    )
    try:
        handle = await temporal.client.start_workflow(
            RecipientRunWorkflow.run,
            given,
            id=run.workflow_id,
            task_queue=run.task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=_attributes(temporal, run),
            static_summary=f"{run.workflow_key} for {run.recipient}",
            static_details=_describe(run),
            priority=share_of(run.environment_id, run.workflow_run_id, run.tenant_id, is_bulk=run.is_bulk),
            rpc_timeout=PATIENCE,
        )
    except WorkflowAlreadyStartedError:
        return Started(run.workflow_id, None)
    return Started(run.workflow_id, handle.first_execution_run_id)


def owner_of(environment_id: UUID, tenant_id: str | None, *, is_bulk: bool = False) -> str:
    """Who asked for a run: a tenant, or an environment without one. Their large fan-outs are somebody else.

    So single runs are not told from a crowd's of the same tenant, but from its newsletter's they are.
    """
    whose = f"{environment_id}/{'fan-outs' if is_bulk else 'single'}/{tenant_id or ''}"
    return hashlib.sha256(whose.encode()).hexdigest()[:16]


def share_of(
    environment_id: UUID, workflow_run_id: UUID, tenant_id: str | None, *, is_bulk: bool = False
) -> Priority:
    """Queues serve tenants in turn: one's flood does not hold up another's runs (D27).

    A tenant's large fan-outs have turns beside its other runs, which do not wait behind them. A trigger
    without a tenant stands for itself. Hashed, as Temporal keeps 64 bytes of such a key. All keys weigh the
    same: a lighter one waits several rounds of all others, and with a key for each trigger they never end.
    """
    if tenant_id is None:
        whose = f"trigger/{workflow_run_id}"
    else:
        whose = f"{'fan-outs' if is_bulk else 'tenant'}/{tenant_id}"
    return Priority(fairness_key=hashlib.sha256(f"{environment_id}/{whose}".encode()).hexdigest()[:32])


@dataclass(frozen=True)
class StartableFanOut:
    """A trigger whose row is written, and whose recipients are to be started."""

    environment_id: UUID
    environment: str
    workflow_key: str
    workflow_run_id: UUID
    tenant_id: str | None = None
    is_crowd: bool = False

    @property
    def workflow_id(self) -> str:
        return names.workflow_run_workflow(self.environment, self.workflow_key, self.workflow_run_id)


async def start_workflow_run(
    temporal: Temporal, fan_out: StartableFanOut, *, is_repeated: bool = False
) -> Started:
    """Start the fan-out of a trigger to its recipients; already started is success.

    With `is_repeated` one that came to its end is done again, for a Postgres that lost what it wrote.
    """
    reuse = WorkflowIDReusePolicy
    workflow_id = fan_out.workflow_id
    attributes = {names.ENVIRONMENT: fan_out.environment, names.WORKFLOW: fan_out.workflow_key}
    attributes[names.WORKFLOW_RUN_ID] = str(fan_out.workflow_run_id)
    try:
        handle = await temporal.client.start_workflow(
            WorkflowRunWorkflow.run,
            WorkflowRunInput(
                environment_id=fan_out.environment_id,
                workflow_run_id=fan_out.workflow_run_id,
                is_crowd=fan_out.is_crowd,
            ),
            id=workflow_id,
            task_queue=names.BULK if fan_out.is_crowd else names.RUNS,
            id_reuse_policy=reuse.ALLOW_DUPLICATE if is_repeated else reuse.REJECT_DUPLICATE,
            search_attributes=_typed(attributes) if temporal.is_listed else None,
            static_summary=f"{fan_out.workflow_key}: fan out",
            priority=share_of(fan_out.environment_id, fan_out.workflow_run_id, fan_out.tenant_id),
            rpc_timeout=PATIENCE,
        )
    except WorkflowAlreadyStartedError:
        return Started(workflow_id, None)
    return Started(workflow_id, handle.first_execution_run_id)


async def start_delivery(
    temporal: Temporal, environment_id: UUID, message_id: str, attempt: int, due: datetime, retries: int = 0
) -> None:
    """Give a message its own workflow, a new one for each retry by hand; already started is success."""
    try:
        await temporal.client.start_workflow(
            DeliveryWorkflow.run,
            DeliveryInput(environment_id=environment_id, message_id=message_id, attempt=attempt, due=due),
            id=names.delivery_workflow(message_id, retries),
            task_queue=names.RUNS,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary=f"deliver message {message_id}",
            rpc_timeout=PATIENCE,
        )
    except WorkflowAlreadyStartedError:
        return


async def start_cancel(
    temporal: Temporal, environment_id: UUID, environment: str, workflow_key: str, acceptance: int
) -> None:
    """Let a workflow carry a cancel to its runs; already started is success."""
    try:
        await temporal.client.start_workflow(
            CancelWorkflow.run,
            CancelInput(environment_id=environment_id, acceptance=acceptance),
            id=names.cancel_workflow(environment, workflow_key, acceptance),
            task_queue=names.BULK,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary=f"{workflow_key}: cancel {acceptance}",
            priority=AHEAD,
            rpc_timeout=PATIENCE,
        )
    except WorkflowAlreadyStartedError:
        return


async def ensure_maintenance(temporal: Temporal) -> None:
    """The one reconciler of a namespace; a running one is left alone, a stopped one starts again."""
    await temporal.client.start_workflow(
        MaintenanceWorkflow.run,
        id=names.MAINTENANCE,
        task_queue=names.BULK,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary="reconciles rows with Temporal",
        priority=AHEAD,
        rpc_timeout=PATIENCE,
    )


def _attributes(temporal: Temporal, run: StartableRun) -> TypedSearchAttributes | None:
    if not temporal.is_listed:
        return None
    attributes = {
        names.ENVIRONMENT: run.environment,
        names.WORKFLOW: run.workflow_key,
        names.RECIPIENT: str(run.recipient),
        names.WORKFLOW_RUN_ID: str(run.workflow_run_id),
    }
    if run.tenant_id is not None:
        attributes[names.TENANT] = run.tenant_id
    if run.cancellation_key is not None:
        key = run.cancellation_key
        attributes[names.CANCELLATION_KEY] = hidden(key) if temporal.hides_keys else key
    return _typed(attributes)


def hidden(cancellation_key: str) -> str:
    """What stands for a cancellation key in search attributes while payloads are encrypted (D10)."""
    return hashlib.sha256(cancellation_key.encode()).hexdigest()


def _typed(attributes: dict[str, str]) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(SearchAttributeKey.for_keyword(name), names.bounded(value))
            for name, value in attributes.items()
        ]
    )


def _describe(run: StartableRun) -> str:
    lines = [
        f"- environment: `{run.environment}`",
        f"- workflow: `{run.workflow_key}`",
        f"- recipient: `{run.recipient}`",
        f"- workflow run: `{run.workflow_run_id}`",
        f"- recipient run: `{run.recipient_run_id}`",
    ]
    if run.tenant_id is not None:
        lines.append(f"- tenant: `{run.tenant_id}`")
    return "\n".join(lines)
