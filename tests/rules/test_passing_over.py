"""Steps that are accepted and not run: a run passes over them, and its log says so."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import batch_step, delay_step, email_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.every_step import ONE_OF_EACH, THROTTLE, WINDOWS
from tests.rules.reading import body_of
from tests.virtual_time import VirtualTime
from workflows_engine.steps import PLANNED_TYPES

NOT_RUN = [step for step in ONE_OF_EACH if step["type"] not in PLANNED_TYPES]
DAY = {"unit": "days", "value": 1}
MEMBER = {"variable": "recipient", "operator": "is_audience_member", "argument": "vip"}
SENT = {"variable": "refs.email_1.delivery_status", "operator": "equal_to", "argument": "$message.sent"}
PRO = {"variable": "recipient.plan", "operator": "contains_all", "argument": '["pro"]'}


async def skipped(virtual: VirtualTime, environment: TestEnvironment) -> list[tuple[str, str, str]]:
    lines = await virtual.log(environment, "step_skipped")
    return [(line["step_ref"], line["step_type"], line["data"]["reason"]) for line in lines]


@pytest.mark.parametrize("step", NOT_RUN, ids=lambda step: step["type"])
async def test_a_run_passes_over_a_step_of_a_type_that_is_not_run(
    virtual: VirtualTime, development: TestEnvironment, step: dict[str, Any]
) -> None:
    await virtual.publish(development, "greet", workflow(step, in_app_step()))
    await virtual.trigger(development, "greet")

    reason = f"{step['type']} steps are not run by this release"
    assert await skipped(virtual, development) == [(step["ref"], step["type"], reason)]
    assert [message["step_ref"] for message in await virtual.messages(development)] == ["in_app_1"]
    assert [run["outcome"] for run in await virtual.runs(development)] == ["finished"]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (
            batch_step(
                batch_window_type="sliding", batch_window_extension_limit={"unit": "days", "value": 1}
            ),
            "batches with sliding windows",
        ),
        (batch_step(batch_items_max_limit=2), "batches that close at a number of items"),
        (
            delay_step() | {"settings": {"delay_until_field_path": "data.at"}},
            "delays until a time in the data",
        ),
        (in_app_step("windows", send_windows=WINDOWS), "send windows"),
    ],
)
async def test_a_run_passes_over_a_step_that_asks_for_what_is_not_built(
    virtual: VirtualTime, development: TestEnvironment, step: dict[str, Any], reason: str
) -> None:
    await virtual.publish(development, "greet", workflow(step, in_app_step()))
    await virtual.trigger(development, "greet")

    told = f"{reason} are not run by this release"
    assert await skipped(virtual, development) == [(step["ref"], step["type"], told)]
    assert [message["step_ref"] for message in await virtual.messages(development)] == ["in_app_1"]


async def test_a_sink_is_open_at_all_hours(virtual: VirtualTime, development: TestEnvironment) -> None:
    step = email_step("windows", channel_key="postmark", send_windows=WINDOWS)
    await virtual.publish(development, "greet", workflow(step))
    await virtual.trigger(development, "greet")

    assert [message["step_ref"] for message in await virtual.messages(development)] == ["windows"]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (MEMBER, "conditions on audience membership are not judged by this release"),
        (SENT, "conditions on what other steps did are not judged by this release"),
    ],
)
async def test_a_step_whose_condition_cannot_be_judged_is_skipped_and_says_so(
    virtual: VirtualTime, development: TestEnvironment, condition: dict[str, Any], reason: str
) -> None:
    steps = [
        in_app_step("asked", conditions={"all": [condition]}),
        delay_step("delay_1", "seconds", 1, conditions={"all": [condition]}),
        in_app_step(),
    ]
    await virtual.publish(development, "greet", workflow(*steps))
    await virtual.trigger(development, "greet")

    expected = [("asked", "channel", reason), ("delay_1", "delay", reason)]
    assert await skipped(virtual, development) == expected
    assert [message["step_ref"] for message in await virtual.messages(development)] == ["in_app_1"]


async def test_conditions_are_judged_at_the_runs_own_time_with_liquid_in_timestamps(
    virtual: VirtualTime, development: TestEnvironment
) -> None:
    # E-COND-7, E-COND-14, E-COND-17
    due = {"variable": "data.due", "operator": "is_timestamp_before_now"}
    rendered = {"variable": "data.due", "operator": "is_timestamp_before", "argument": "{{ data.limit }}"}
    steps = [
        in_app_step("before", conditions={"all": [due]}),
        delay_step(),
        in_app_step("after", body="after", conditions={"all": [due, rendered, PRO]}),
    ]
    await virtual.publish(development, "remind", workflow(*steps))
    at = (await virtual.now() + timedelta(hours=12)).isoformat()
    person = {"id": "ada", "plan": ["pro", "beta"]}
    await virtual.trigger(development, "remind", person, data={"due": at, "limit": "2999-01-01"})
    await virtual.pass_time(development, timedelta(days=2))

    messages = await virtual.messages(development)
    assert [(message["step_ref"], body_of(message)) for message in messages] == [("after", "after")]


async def test_a_cancel_before_a_step_that_is_passed_over_stops_the_run(
    virtual: VirtualTime, development: TestEnvironment
) -> None:
    await virtual.publish(development, "greet", workflow(delay_step(), THROTTLE, in_app_step()))
    await virtual.trigger(development, "greet", cancellation_key="stop")
    await virtual.cancel(development, "greet", "stop")

    assert await skipped(virtual, development) == []
    assert [run["outcome"] for run in await virtual.runs(development)] == ["cancelled"]
