"""Delays, in virtual time."""

from datetime import timedelta

from tests.builders import delay_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.virtual_time import VirtualTime


async def test_a_delay_of_a_day_ends_once_at_its_time_and_not_before(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    # E-DELAY-5, E-DELAY-7
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    started = await virtual.now()
    await virtual.trigger(environment, "welcome")

    await virtual.pass_time(environment, timedelta(hours=23, minutes=59))
    assert [run["status"] for run in await virtual.runs(environment)] == ["paused"]
    assert await virtual.messages(environment) == []

    await virtual.pass_time(environment, timedelta(minutes=2))
    messages = await virtual.messages(environment)
    assert len(messages) == 1
    waited = messages[0]["inserted_at"] - started
    assert timedelta(days=1) <= waited < timedelta(days=1, seconds=5)

    await virtual.pass_time(environment, timedelta(days=2))
    assert await virtual.messages(environment) == messages
