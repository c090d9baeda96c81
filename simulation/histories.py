"""What the histories of workflows say of them: whether they wait for time alone, and until when."""

from collections.abc import Sequence
from datetime import UTC, datetime

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

CLOSED = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
)
TASK_OVER = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
)
ACTIVITY_OVER = (
    EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
    EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
)
History = Sequence[HistoryEvent]


def is_idle(history: History) -> bool:
    """Whether a workflow waits for nothing but time: no task and no activity of it is under way."""
    if not history or is_closed(history):
        return True
    tasks = _count(history, EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED) - _count(history, *TASK_OVER)
    activities = _count(history, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    return tasks == 0 and activities == _count(history, *ACTIVITY_OVER)


def due_times(history: History) -> list[datetime]:
    """When the timers of an open workflow fire."""
    if not history or is_closed(history):
        return []
    over = {event.timer_fired_event_attributes.started_event_id for event in history}
    over |= {event.timer_canceled_event_attributes.started_event_id for event in history}
    return [
        event.event_time.ToDatetime(UTC) + timer.start_to_fire_timeout.ToTimedelta()
        for event in history
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED and event.event_id not in over
        for timer in [event.timer_started_event_attributes]
    ]


def is_closed(history: History) -> bool:
    """Whether the workflow has ended, other than by continuing as new."""
    return history[-1].event_type in CLOSED


def _count(history: History, *types: int) -> int:
    return sum(event.event_type in types for event in history)
