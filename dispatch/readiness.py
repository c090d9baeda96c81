"""Whether a run could be started, and somebody would carry it out."""

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeWorkflowExecutionRequest
from temporalio.service import RPCError, RPCStatusCode

from dispatch.temporal import PATIENCE, Temporal
from workflows_engine import names

_POLLED = {
    names.RUNS: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    names.SENDS: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    names.BULK: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
}


async def unpolled_queues(temporal: Temporal) -> list[str]:
    """Task queues that no worker asked for work of late; raises RPCError when Temporal is away."""
    return [queue for queue, kind in _POLLED.items() if not await _is_polled(temporal, queue, kind)]


async def keeps_runs(temporal: Temporal) -> None:
    """Raises RPCError when Temporal has lost hold of its runs, as one does whose database takes no writes.

    Its queues answer all the same. The reconciler is asked for as a workflow whose id everybody knows;
    whether it is there is nobody's concern here.
    """
    asked = DescribeWorkflowExecutionRequest(
        namespace=temporal.client.namespace, execution=WorkflowExecution(workflow_id=names.MAINTENANCE)
    )
    try:
        await temporal.client.workflow_service.describe_workflow_execution(asked, timeout=PATIENCE)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def _is_polled(temporal: Temporal, queue: str, kind: TaskQueueType.ValueType) -> bool:
    answer = await temporal.client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=temporal.client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
        ),
        timeout=PATIENCE,
    )
    return len(answer.pollers) > 0
