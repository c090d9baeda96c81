"""Where the time goes between the moment that a run is due and its feed item, by the run's history."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from benchmarks.figures import percentiles
from benchmarks.histories import seconds_of
from benchmarks.instance import Instance
from benchmarks.open_loop import Sent
from models.values.refs import RecipientRef
from workflows_engine.names import recipient_run_workflow

STAGES = {
    "accepted_ms": "due, until its workflow is started",
    "timer_set_ms": "due, until the moment that its timer was set to",
    "timer_fired_ms": "that moment, until the timer fires",
    "task_started_ms": "the timer fires or the workflow is started, until a worker has its task",
    "item_committed_ms": "a worker has the task, until the feed item is committed",
    "task_completed_ms": "a worker has the task, until Temporal has its completion",
}
"""In the order of time; a pause has the second and the third, a single trigger the first instead."""
SAMPLE = 200
"""Histories read of each crowd, after all of it is done."""
AT_ONCE = 10
ENVIRONMENT = "development"
T = TypeVar("T")
_RUNS = "SELECT recipient_id, id FROM recipient_runs WHERE workflow_key = %s AND recipient_id = ANY(%s)"


async def stages(instance: Instance, key: str, sent: Sent, items: Mapping[str, float]) -> dict[str, Any]:
    """Milliseconds of each stage of a workflow's runs; `items` tells when each recipient had theirs."""
    who = sample([one for one in sent.answered if one in items])
    ids = dict(await asyncio.to_thread(instance.rows, _RUNS, key, who))
    workflows = {one: recipient_run_workflow(ENVIRONMENT, key, RecipientRef(id=one), ids[one]) for one in who}
    client = await Client.connect(instance.temporal_address)
    histories = await histories_of(client, workflows.values())
    return summed(
        stages_of(events, sent.due[one], items[one]) for one, events in zip(who, histories, strict=True)
    )


async def histories_of(client: Client, workflow_ids: Iterable[str]) -> list[list[HistoryEvent]]:
    """In the order of the ids; each until its end, which may still be on its way when its item is there."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(workflow_id: str) -> list[HistoryEvent]:
        async with slots:
            handle = client.get_workflow_handle(workflow_id)
            return [event async for event in handle.fetch_history_events(wait_new_event=True)]

    return await asyncio.gather(*map(one, workflow_ids))


def stages_of(events: list[HistoryEvent], due: float, item: float | None = None) -> dict[str, float]:
    """Milliseconds of each stage of a run that has ended; bare workflows have no item.

    None of a run that should have slept and was due before it could. Of several timers the one set to the
    moment nearest to `due` counts: a local activity that is tried again later is a timer, too.
    """
    fired = _of(events, EventType.EVENT_TYPE_TIMER_FIRED)
    woken = min(fired, key=lambda timer: abs(_moment(events, timer) - due)) if fired else events[0]
    at = seconds_at(woken)
    if not fired and at < due:
        return {}
    found: dict[str, float] = {}
    if fired:
        moment = _moment(events, woken)
        found |= {"timer_set_ms": moment - due, "timer_fired_ms": at - moment}
    else:
        found["accepted_ms"] = at - due
    after = events[woken.event_id :]
    begun = seconds_at(_of(after, EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED)[0])
    found["task_started_ms"] = begun - at
    if item is not None:
        found["item_committed_ms"] = item - begun
    found["task_completed_ms"] = (
        seconds_at(_of(after, EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)[-1]) - begun
    )
    return {name: seconds * 1000 for name, seconds in found.items()}


def summed(runs: Iterable[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Percentiles of each stage that the runs have."""
    by_stage: dict[str, list[float]] = {}
    for run in runs:
        for name, milliseconds in run.items():
            by_stage.setdefault(name, []).append(milliseconds)
    return {name: percentiles(by_stage[name]) for name in STAGES if name in by_stage}


def sample(everything: Sequence[T]) -> list[T]:
    """Evenly spread over all."""
    count = min(len(everything), SAMPLE)
    return [everything[place * len(everything) // count] for place in range(count)]


def _of(events: Sequence[HistoryEvent], kind: EventType.ValueType) -> list[HistoryEvent]:
    return [event for event in events if event.event_type == kind]


def _moment(events: Sequence[HistoryEvent], fired: HistoryEvent) -> float:
    """That a timer was set to."""
    timer = events[fired.timer_fired_event_attributes.started_event_id - 1]
    return seconds_at(timer) + seconds_of(timer.timer_started_event_attributes.start_to_fire_timeout)


def seconds_at(event: HistoryEvent) -> float:
    """Since 1970."""
    return event.event_time.ToNanoseconds() / 1e9
