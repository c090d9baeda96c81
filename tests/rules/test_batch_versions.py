"""Which version of a workflow a batch goes on with, and which steps share a window, in virtual time."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import batch_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.rules.reading import body_of
from tests.virtual_time import VirtualTime

BODY = "{{ total_activities }}: {% for a in activities %}{{ a.n }}{% endfor %}"


def gathering(seconds: int = 600, *, body: str = BODY, **settings: Any) -> dict[str, Any]:
    return workflow(batch_step(seconds=seconds, **settings), in_app_step(body=body))


async def bodies(virtual: VirtualTime, environment: TestEnvironment) -> list[str]:
    return [body_of(message) for message in await virtual.messages(environment)]


@pytest.mark.rule("E-BATCH-23", "E-BATCH-24", "E-BATCH-3")
async def test_a_step_that_follows_the_latest_version_stays_joinable_across_a_commit(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    latest: dict[str, Any] = {"workflow_version_mode": "latest"}
    await virtual.publish(environment, "batched", gathering(**latest))
    await virtual.trigger(environment, "batched", data={"n": 0})
    await virtual.publish(environment, "batched", gathering(body="new " + BODY, **latest))
    await virtual.trigger(environment, "batched", data={"n": 1})
    await virtual.pass_time(environment, timedelta(minutes=11))

    assert await bodies(virtual, environment) == ["new 2: 01"]


@pytest.mark.rule("E-BATCH-23")
async def test_a_window_goes_on_with_the_newest_version_that_still_has_its_step(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    latest: dict[str, Any] = {"workflow_version_mode": "latest"}
    await virtual.publish(environment, "batched", gathering(**latest))
    await virtual.trigger(environment, "batched", data={"n": 0})
    await virtual.publish(environment, "batched", gathering(body="second " + BODY, **latest))
    await virtual.publish(environment, "batched", workflow(in_app_step(body="third")))
    await virtual.pass_time(environment, timedelta(minutes=11))

    assert await bodies(virtual, environment) == ["second 1: 0"]


@pytest.mark.rule("E-BATCH-23")
async def test_a_newer_version_may_have_steps_elsewhere(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    latest: dict[str, Any] = {"workflow_version_mode": "latest"}
    await virtual.publish(environment, "batched", gathering(**latest))
    await virtual.trigger(environment, "batched", data={"n": 0})
    before, after = in_app_step("before", body="before"), in_app_step("after", body="after")
    changed = workflow(before, batch_step(seconds=600, **latest), after, in_app_step(body=BODY))
    await virtual.publish(environment, "batched", changed)
    await virtual.pass_time(environment, timedelta(minutes=11))

    assert sorted(await bodies(virtual, environment)) == ["1: 0", "after"]


@pytest.mark.rule("E-BATCH-23", "E-BATCH-24", "E-BATCH-1")
@pytest.mark.parametrize("mode", [{}, {"workflow_version_mode": "pinned"}])
async def test_a_pinned_window_closes_alone_and_later_triggers_open_another(
    virtual: VirtualTime, environment: TestEnvironment, mode: dict[str, Any]
) -> None:
    await virtual.publish(environment, "batched", gathering(**mode))
    await virtual.trigger(environment, "batched", data={"n": 0})
    await virtual.publish(environment, "batched", gathering(body="new " + BODY, **mode))
    await virtual.trigger(environment, "batched", data={"n": 1})
    await virtual.pass_time(environment, timedelta(minutes=11))

    assert sorted(await bodies(virtual, environment)) == ["1: 0", "new 1: 1"]


@pytest.mark.rule("E-BATCH-3")
@pytest.mark.parametrize(("mode", "expected"), [("pinned", ["2: 01"]), ("latest", ["1: 0", "1: 1"])])
async def test_two_parallel_steps_share_a_window_when_pinned_and_not_when_latest(
    virtual: VirtualTime, environment: TestEnvironment, mode: str, expected: list[str]
) -> None:
    def way(ref: str, conditions: Any) -> dict[str, Any]:
        inside = [batch_step(ref, seconds=600, workflow_version_mode=mode)]
        return {"name": ref, "conditions": conditions, "steps": inside, "terminates": False}

    first = {"all": [{"variable": "data.n", "operator": "equal_to", "argument": "0"}]}
    fork = {"type": "branch", "ref": "fork", "branches": [way("one", first), way("two", None)]}
    await virtual.publish(environment, "batched", workflow(fork, in_app_step(body=BODY)))
    for n in range(2):
        await virtual.trigger(environment, "batched", data={"n": n})
    await virtual.pass_time(environment, timedelta(minutes=11))

    assert sorted(await bodies(virtual, environment)) == expected


@pytest.mark.rule("E-BATCH-23")
async def test_a_step_that_a_newer_version_has_after_the_batch_runs_there_again(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    batch = batch_step(seconds=600, workflow_version_mode="latest")
    note = in_app_step("note", body="{{ total_activities }}")
    await virtual.publish(environment, "batched", workflow(note, batch))
    await virtual.trigger(environment, "batched")
    await virtual.publish(environment, "batched", workflow(batch, note))
    await virtual.trigger(environment, "batched")
    await virtual.pass_time(environment, timedelta(minutes=11))

    assert await bodies(virtual, environment) == ["1", "2"]
