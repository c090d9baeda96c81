"""Delays, in virtual time."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import delay_step, in_app_step, workflow
from tests.committing import rewrite
from tests.environments import TestEnvironment
from tests.rules.reading import body_of
from tests.virtual_time import VirtualTime

DAY = timedelta(days=1)
NEVER = {"all": [{"variable": "data.wait", "operator": "equal_to", "argument": "true"}]}


@pytest.mark.rule("E-DELAY-5", "E-DELAY-7")
async def test_a_delay_of_a_day_ends_once_at_its_time_and_not_before(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    started = await virtual.now()
    await virtual.trigger(environment, "welcome")

    await virtual.pass_time(environment, DAY - timedelta(minutes=1))
    assert [run["status"] for run in await virtual.runs(environment)] == ["paused"]
    assert await virtual.messages(environment) == []

    await virtual.pass_time(environment, timedelta(minutes=2))
    messages = await virtual.messages(environment)
    assert len(messages) == 1
    assert DAY <= messages[0]["inserted_at"] - started < DAY + timedelta(seconds=5)

    await virtual.pass_time(environment, 2 * DAY)
    assert await virtual.messages(environment) == messages


@pytest.mark.rule("E-DELAY-5")
async def test_a_second_delay_counts_from_when_it_is_reached(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    steps = [delay_step("first", "hours", 1), delay_step("second", "hours", 2), in_app_step()]
    await virtual.publish(environment, "welcome", workflow(*steps))
    started = await virtual.now()
    await virtual.trigger(environment, "welcome")

    await virtual.pass_time(environment, timedelta(hours=4))

    (message,) = await virtual.messages(environment)
    assert timedelta(hours=3) <= message["inserted_at"] - started < timedelta(hours=3, seconds=5)


@pytest.mark.rule("E-TRIGGER-9", "E-DELAY-6", "E-DELAY-8", "E-RUN-6", "E-LIMITS-12")
@pytest.mark.parametrize(
    ("step", "trigger", "reason"),
    [
        (delay_step(), {"settings": {"skip_delay": True}}, "skip_delay was set by the trigger"),
        (delay_step(conditions=NEVER), {"data": {"wait": False}}, "conditions"),
    ],
)
@pytest.mark.rule("E-DELAY-6")
async def test_a_skipped_delay_lets_the_run_go_on_at_once(
    virtual: VirtualTime, environment: TestEnvironment, step: Any, trigger: dict[str, Any], reason: str
) -> None:
    await virtual.publish(environment, "welcome", workflow(step, in_app_step()))

    await virtual.trigger(environment, "welcome", **trigger)

    assert len(await virtual.messages(environment)) == 1
    assert [(run["status"], run["outcome"]) for run in await virtual.runs(environment)] == [
        ("completed", "finished")
    ]
    (line,) = await virtual.log(environment, "step_skipped")
    assert (line["step_ref"], line["data"]["reason"]) == ("delay_1", reason)


@pytest.mark.rule("E-DELAY-6", "E-LIMITS-12")
@pytest.mark.parametrize("days", [366, -1])
async def test_a_delay_that_an_earlier_release_published_too_long_or_past_is_skipped(
    virtual: VirtualTime, environment: TestEnvironment, days: int
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    await rewrite(virtual.database, environment, "{steps,0,settings,delay_for,value}", days)

    await virtual.trigger(environment, "welcome")

    assert len(await virtual.messages(environment)) == 1
    (line,) = await virtual.log(environment, "step_skipped")
    assert line["data"]["reason"] == "the delay is not between now and 365 days"


@pytest.mark.rule("E-DELAY-6", "E-LIMITS-12")
async def test_a_delay_of_365_days_is_waited_for(virtual: VirtualTime, environment: TestEnvironment) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(value=365), in_app_step()))
    await virtual.trigger(environment, "welcome")

    await virtual.pass_time(environment, 364 * DAY)
    assert await virtual.messages(environment) == []

    await virtual.pass_time(environment, DAY)
    assert len(await virtual.messages(environment)) == 1


@pytest.mark.rule("E-RUN-6")
async def test_a_step_whose_conditions_fail_is_skipped_alone(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    steps = [in_app_step("unwanted", conditions=NEVER), in_app_step("wanted")]
    await virtual.publish(environment, "welcome", workflow(*steps))

    await virtual.trigger(environment, "welcome", data={"wait": "true"})

    assert [message["step_ref"] for message in await virtual.messages(environment)] == ["wanted"]


@pytest.mark.rule("E-RUN-8")
@pytest.mark.parametrize("refs", [[], ["one", "two"]], ids=["no steps", "all skipped"])
async def test_a_workflow_with_nothing_to_do_completes(
    virtual: VirtualTime, environment: TestEnvironment, refs: list[str]
) -> None:
    never = {"all": [{"variable": "data.wanted", "operator": "equal_to", "argument": "true"}]}
    steps = [in_app_step(ref, conditions=never) for ref in refs]
    await virtual.publish(environment, "welcome", workflow(*steps))

    await virtual.trigger(environment, "welcome")

    ends = [(run["status"], run["outcome"], run["error_count"]) for run in await virtual.runs(environment)]
    assert ends == [("completed", "finished", 0)]
    assert [line["step_ref"] for line in await virtual.log(environment, "step_skipped")] == refs


@pytest.mark.rule("E-RUN-11", "E-DELAY-9")
async def test_a_workflow_that_was_switched_off_meanwhile_ends_its_paused_run(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    await virtual.trigger(environment, "welcome")
    await switch(virtual, environment, on=False)

    await virtual.pass_time(environment, DAY)

    assert [(run["status"], run["outcome"]) for run in await virtual.runs(environment)] == [
        ("cancelled", "workflow_inactive")
    ]
    assert await virtual.messages(environment) == []


@pytest.mark.rule("E-RUN-11")
async def test_a_run_that_slept_while_its_workflow_was_off_and_on_again_goes_on(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    await virtual.trigger(environment, "welcome")
    await switch(virtual, environment, on=False)
    await virtual.pass_time(environment, DAY / 2)
    await switch(virtual, environment, on=True)

    await virtual.pass_time(environment, DAY)

    assert len(await virtual.messages(environment)) == 1


@pytest.mark.rule("E-RUN-13")
async def test_a_recipient_who_was_deleted_meanwhile_gets_nothing(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step()))
    await virtual.trigger(environment, "welcome")
    async with virtual.database.transaction() as connection:
        await connection.execute("DELETE FROM recipients WHERE environment_id = %s", (environment.id,))

    await virtual.pass_time(environment, DAY)

    assert [(run["status"], run["outcome"]) for run in await virtual.runs(environment)] == [
        ("cancelled", "recipient_deleted")
    ]
    assert await virtual.messages(environment) == []


@pytest.mark.rule("E-RUN-9", "E-DELAY-9")
async def test_a_run_keeps_the_version_that_was_current_when_it_was_triggered(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step(body="old")))
    await virtual.trigger(environment, "welcome")
    await virtual.publish(environment, "welcome", workflow(delay_step(), in_app_step(body="new")))
    await virtual.trigger(environment, "welcome")

    await virtual.pass_time(environment, DAY + timedelta(minutes=1))

    assert [body_of(message) for message in await virtual.messages(environment)] == ["old", "new"]


async def switch(virtual: VirtualTime, environment: TestEnvironment, *, on: bool) -> None:
    async with virtual.database.transaction() as connection:
        await connection.execute(
            "UPDATE resources SET active = %s WHERE environment_id = %s", (on, environment.id)
        )
