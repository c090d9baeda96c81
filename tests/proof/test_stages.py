"""A history tells how long each stage of a run took, from the moment that it was due."""

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from benchmarks.stages import SAMPLE, sample, stages_of, summed

DUE = 1_000.0


def history(*kinds: tuple[str, float]) -> list[HistoryEvent]:
    """Events by their type and the milliseconds from `DUE` to them."""
    events = []
    for number, (kind, late_ms) in enumerate(kinds, 1):
        event = HistoryEvent(event_id=number, event_type=EventType.Value(f"EVENT_TYPE_{kind}"))
        event.event_time.FromMilliseconds(round(DUE * 1000 + late_ms))
        events.append(event)
    return events


def slept(seconds: int) -> list[HistoryEvent]:
    events = history(
        ("WORKFLOW_EXECUTION_STARTED", -9_000),
        ("WORKFLOW_TASK_SCHEDULED", -9_000),
        ("WORKFLOW_TASK_STARTED", -8_900),
        ("WORKFLOW_TASK_COMPLETED", -8_000),
        ("TIMER_STARTED", -7_990),
        ("TIMER_FIRED", 60),
        ("WORKFLOW_TASK_SCHEDULED", 60),
        ("WORKFLOW_TASK_STARTED", 100),
        ("WORKFLOW_TASK_COMPLETED", 300),
        ("WORKFLOW_EXECUTION_COMPLETED", 300),
    )
    events[4].timer_started_event_attributes.start_to_fire_timeout.FromSeconds(seconds)
    events[5].timer_fired_event_attributes.started_event_id = 5
    return events


def test_a_pause_is_late_by_its_timer_the_task_and_the_work() -> None:
    assert stages_of(slept(8), DUE, DUE + 0.25) == pytest.approx(
        {
            "timer_set_ms": 10,
            "timer_fired_ms": 50,
            "task_started_ms": 40,
            "item_committed_ms": 150,
            "task_completed_ms": 200,
        },
        abs=0.01,
    )


def test_of_several_timers_the_one_set_to_the_moment_that_was_due_counts() -> None:
    events = slept(8)
    tried_again = history(
        *[("WORKFLOW_TASK_COMPLETED", 300)] * 10,
        ("TIMER_STARTED", 300),
        ("TIMER_FIRED", 3_400),
        ("WORKFLOW_TASK_STARTED", 3_410),
        ("WORKFLOW_TASK_COMPLETED", 3_500),
    )[10:]
    tried_again[0].timer_started_event_attributes.start_to_fire_timeout.FromSeconds(3)
    tried_again[1].timer_fired_event_attributes.started_event_id = 11
    told = stages_of([*events, *tried_again], DUE)
    assert (told["timer_set_ms"], told["timer_fired_ms"]) == pytest.approx((10, 50), abs=0.01)


def test_a_trigger_is_late_by_its_acceptance_the_task_and_the_work() -> None:
    events = history(
        ("WORKFLOW_EXECUTION_STARTED", 20),
        ("WORKFLOW_TASK_SCHEDULED", 20),
        ("WORKFLOW_TASK_STARTED", 25),
        ("WORKFLOW_TASK_COMPLETED", 60),
    )
    assert stages_of(events, DUE) == pytest.approx(
        {"accepted_ms": 20, "task_started_ms": 5, "task_completed_ms": 35}, abs=0.01
    )


def test_a_run_that_was_due_before_it_slept_tells_nothing() -> None:
    never_slept = history(("WORKFLOW_EXECUTION_STARTED", -20), ("WORKFLOW_TASK_STARTED", 25))
    assert stages_of(never_slept, DUE, DUE + 1) == {}


def test_each_stage_is_summed_over_the_runs_that_have_it() -> None:
    told = summed([{"accepted_ms": 4.0, "task_started_ms": 1.0}, {}, {"task_started_ms": 3.0}])
    assert {name: (times["seen"], times["max"]) for name, times in told.items()} == {
        "accepted_ms": (1, 4.0),
        "task_started_ms": (2, 3.0),
    }


def test_a_sample_is_spread_over_all() -> None:
    assert sample(range(3)) == [0, 1, 2]
    assert sample(range(SAMPLE * 5)) == list(range(0, SAMPLE * 5, 5))
