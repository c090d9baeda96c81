"""What a history tells of its run: its activities in their order, and what it costs on any Temporal."""

from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle

from benchmarks.bare import LOCAL, NORMAL, PAUSE, Plan
from benchmarks.waiting import until

_LOCAL_MARKER = "core_local_activity"
_ONE_ACTION = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
    EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
}


@dataclass(frozen=True)
class Bill:
    """What one run costs: events, actions, and the server's own count of its writes and bytes."""

    events: int
    actions: int
    state_transitions: int
    history_bytes: int


def actions_of(events: list[HistoryEvent]) -> int:
    """Billed actions, after "Actions" in Temporal Cloud's documentation (docs.temporal.io/cloud/actions).

    One each for: a start (a child's counts once here and once in its own history), a timer, an upsert of
    search attributes, a signal received, an update, every attempt of an activity; one for all the local
    activities that a workflow task completes. Histories do not show queries and heartbeats, and the surcharge
    for fairness keys is not in them either: these are not counted.
    """
    count, tasks_with_markers = 0, set()
    for event in events:
        if event.event_type in _ONE_ACTION:
            count += 1
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            count += event.activity_task_started_event_attributes.attempt
        elif _is_local(event):
            tasks_with_markers.add(event.marker_recorded_event_attributes.workflow_task_completed_event_id)
    return count + len(tasks_with_markers)


def plan_of(events: list[HistoryEvent]) -> Plan:
    """What a bare workflow has to do to have the same activities and the same pauses, in the same order."""
    plan = []
    fired = {
        event.timer_fired_event_attributes.timer_id
        for event in events
        if event.event_type == EventType.EVENT_TYPE_TIMER_FIRED
    }
    for event in events:
        if _is_local(event):
            plan.append(LOCAL)
        elif event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            plan.append(NORMAL)
        elif event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
            timer = event.timer_started_event_attributes
            if timer.timer_id in fired:
                plan.append(f"{PAUSE}{seconds_of(timer.start_to_fire_timeout)}")
    return tuple(plan)


async def bill(client: Client, handle: WorkflowHandle[object, object], events: list[HistoryEvent]) -> Bill:
    """Of a closed run; what DescribeWorkflowExecution says beside its history."""
    execution = WorkflowExecution(workflow_id=handle.id, run_id=handle.run_id or "")
    request = DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=execution)
    told = (await client.workflow_service.describe_workflow_execution(request)).workflow_execution_info
    return Bill(len(events), actions_of(events), told.state_transition_count, told.history_size_bytes)


async def newest(
    client: Client, workflow_key: str, wanted: int
) -> list[tuple[WorkflowHandle[object, object], list[HistoryEvent]]]:
    """So many completed recipient runs of a workflow, with their histories; waits until they are listed.

    In the order of their starts: a window's opener before those that it absorbs.
    """
    which = "WorkflowType = 'RecipientRun' AND ExecutionStatus = 'Completed'"
    query = f"TocsinWorkflow = '{workflow_key}' AND {which}"

    async def are_listed() -> bool:
        return (await client.count_workflows(query)).count >= wanted

    await until(are_listed, pause_seconds=0.2)
    found = []
    async for listed in client.list_workflows(query, page_size=wanted, limit=wanted):
        handle: WorkflowHandle[object, object] = client.get_workflow_handle(listed.id, run_id=listed.run_id)
        found.append((handle, list((await handle.fetch_history()).events)))
    return sorted(found, key=lambda run: run[1][0].event_time.ToNanoseconds())


def _is_local(event: HistoryEvent) -> bool:
    return (
        event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED
        and event.marker_recorded_event_attributes.marker_name == _LOCAL_MARKER
    )


def seconds_of(duration: Duration) -> float:
    return duration.seconds + duration.nanos / 1e9
