"""Steps that are accepted and not run: a run passes over them, and its log says so."""

from typing import Any

import pytest

from tests.builders import batch_step, delay_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.every_step import ONE_OF_EACH, THROTTLE
from tests.virtual_time import VirtualTime
from workflows_engine.steps import PLANNED_TYPES

NOT_RUN = [step for step in ONE_OF_EACH if step["type"] not in PLANNED_TYPES]
DAY = {"unit": "days", "value": 1}


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


async def test_a_cancel_before_a_step_that_is_passed_over_stops_the_run(
    virtual: VirtualTime, development: TestEnvironment
) -> None:
    await virtual.publish(development, "greet", workflow(delay_step(), THROTTLE, in_app_step()))
    await virtual.trigger(development, "greet", cancellation_key="stop")
    await virtual.cancel(development, "greet", "stop")

    assert await skipped(virtual, development) == []
    assert [run["outcome"] for run in await virtual.runs(development)] == ["cancelled"]
