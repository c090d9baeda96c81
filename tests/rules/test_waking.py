"""Operators end pauses early or move their ends, in virtual time."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch import wishes
from tests.builders import batch_step, delay_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.rules.reading import body_of
from tests.virtual_time import VirtualTime

BODY = "{{ total_activities }}"


async def wish(virtual: VirtualTime, environment: TestEnvironment, until: datetime | None = None) -> bool:
    """Wake the first run, and wait for what comes of it."""
    run: dict[str, Any] = (await virtual.runs(environment))[0]
    run_id = UUID(str(run["id"]))
    told = await wishes.wish(virtual.database, virtual.temporal, environment.id, run_id, until)
    await virtual.idle(environment)
    return told


async def test_a_woken_delay_goes_on_at_once(virtual: VirtualTime, environment: TestEnvironment) -> None:
    await virtual.publish(environment, "late", workflow(delay_step(value=3), in_app_step()))
    await virtual.trigger(environment, "late")

    assert await wish(virtual, environment)

    assert len(await virtual.messages(environment)) == 1
    (line,) = await virtual.log(environment, "pause_moved")
    assert (line["step_ref"], line["data"]["by"]) == ("delay_1", "an operator")


async def test_a_delay_can_be_moved_to_a_later_or_an_earlier_time(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "late", workflow(delay_step(value=3), in_app_step()))
    await virtual.trigger(environment, "late")
    start = await virtual.now()

    await wish(virtual, environment, start + timedelta(days=5))
    await virtual.pass_time(environment, timedelta(days=4))
    assert await virtual.messages(environment) == []
    (run,) = await virtual.runs(environment)
    assert run["waiting_until"] == start + timedelta(days=5)

    await wish(virtual, environment, start + timedelta(days=4, hours=1))
    await virtual.pass_time(environment, timedelta(hours=2))
    assert len(await virtual.messages(environment)) == 1


async def test_a_woken_batch_closes_with_what_it_has(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), in_app_step(body=BODY)))
    for _ in range(2):
        await virtual.trigger(environment, "batched")

    assert await wish(virtual, environment)

    (message,) = await virtual.messages(environment)
    assert body_of(message) == "2"
    (closed,) = await virtual.log(environment, "batch_closed")
    assert closed["data"]["reason"] == "closed by an operator"


async def test_a_batch_can_be_moved_and_stays_joinable_until_then(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), in_app_step(body=BODY)))
    await virtual.trigger(environment, "batched")
    await wish(virtual, environment, await virtual.now() + timedelta(hours=1))
    await virtual.pass_time(environment, timedelta(minutes=30))
    await virtual.trigger(environment, "batched")
    assert await virtual.messages(environment) == []
    await virtual.pass_time(environment, timedelta(minutes=31))

    (message,) = await virtual.messages(environment)
    assert body_of(message) == "2"


async def test_a_run_that_is_over_is_not_woken(virtual: VirtualTime, environment: TestEnvironment) -> None:
    await virtual.publish(environment, "late", workflow(delay_step(), in_app_step()))
    await virtual.trigger(environment, "late")
    await wish(virtual, environment)

    assert not await wish(virtual, environment)
