"""Runs of subscribers: what they know, and who has one (E-TRIGGER-18 to -20, E-SUBS)."""

from datetime import timedelta
from typing import Any

import pytest

from dispatch.triggers import Origin
from models.values.kinds import TriggerSource
from tests.builders import email_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.subscribing import subscribed
from tests.virtual_time import VirtualTime

PROJECT = {"collection": "projects", "id": "p1"}
ROLE = (
    "{{ recipient.subscription.role | default: 'none' }} of "
    "{{ recipient.subscription.object.name | default: 'nothing' }}"
)


async def bodies(virtual: VirtualTime, environment: TestEnvironment) -> dict[str, Any]:
    """What each in-app message says, by recipient."""
    found: dict[str, Any] = {}
    for message in await virtual.messages(environment):
        said = message["content"]["blocks"][0]["rendered"].strip().removeprefix("<p>").removesuffix("</p>")
        assert message["recipient_id"] not in found
        found[message["recipient_id"]] = said
    return found


@pytest.mark.rule("E-SUBS-4", "E-SUBS-3", "E-TRIGGER-18", "E-TRIGGER-19")
async def test_subscribers_to_depth_two_know_the_subscription_that_led_to_them(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    database = virtual.database
    await subscribed(database, environment, "projects/p1", "ada", "bob", "teams/t1", role="boss")
    await subscribed(database, environment, "teams/t1", "bob", "cid", "squads/s1", role="member")
    await subscribed(database, environment, "squads/s1", "eve", role="too deep")
    await virtual.publish(environment, "greet", workflow(in_app_step(body=ROLE)))

    await virtual.trigger(environment, "greet", "ada", PROJECT, {"id": "cid"}, tenant="acme")

    assert await bodies(virtual, environment) == {
        "ada": "none of nothing",
        "cid": "none of nothing",
        "bob": "boss of projects/p1",
    }
    runs = {run["recipient_id"]: run for run in await virtual.runs(environment)}
    assert runs.keys() == {"ada", "cid", "p1", "bob", "t1", "s1"}
    assert runs["s1"]["subscription"] == {
        "collection": "teams",
        "id": "t1",
        "properties": {"role": "member"},
    }
    assert {run["outcome"] for run in runs.values()} == {"finished"}


@pytest.mark.rule("E-TRIGGER-13", "E-TRIGGER-20", "E-TRIGGER-22")
async def test_subscribers_see_the_shared_data_only_and_the_actor_is_not_told(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await subscribed(virtual.database, environment, "projects/p1", "ada", "bob")
    body = "{{ data.shared }} {{ data.own | default: 'nothing own' }} {{ total_activities }} {{ actor.name }}"
    await virtual.publish(environment, "greet", workflow(in_app_step(body=body)))

    project = {**PROJECT, "$trigger_data": {"own": "mine"}}
    await virtual.trigger(environment, "greet", project, actor="ada", data={"shared": "S"})

    assert await bodies(virtual, environment) == {"bob": "S nothing own 1 ada"}
    activities = {run["activity_id"] for run in await virtual.runs(environment)}
    assert len(activities) == 2


@pytest.mark.rule("E-SCHED-8", "E-TRIGGER-29")
async def test_a_trigger_that_does_not_expand_runs_for_the_object_alone(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await subscribed(virtual.database, environment, "projects/p1", "ada")
    await virtual.publish(environment, "greet", workflow(in_app_step()))

    origin = Origin(source=TriggerSource.SCHEDULE, expands=False)
    await virtual.trigger(environment, "greet", PROJECT, origin=origin)

    (run,) = await virtual.runs(environment)
    assert (run["recipient_id"], run["trigger_source"]) == ("p1", "schedule")


@pytest.mark.rule("E-TRIGGER-16")
async def test_a_subscriber_who_was_never_identified_has_a_run_with_an_error(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await subscribed(virtual.database, environment, "projects/p1", "ada", "ghost")
    async with virtual.database.connection() as connection:
        await connection.execute(
            "DELETE FROM recipients WHERE environment_id = %s AND id = 'ghost'", (environment.id,)
        )
    await virtual.publish(environment, "greet", workflow(in_app_step()))

    await virtual.trigger(environment, "greet", PROJECT)

    runs = {run["recipient_id"]: run for run in await virtual.runs(environment)}
    assert (runs["ada"]["outcome"], runs["ada"]["error_count"]) == ("finished", 0)
    assert (runs["ghost"]["outcome"], runs["ghost"]["error_count"]) == ("recipient_missing", 1)
    assert [message["recipient_id"] for message in await virtual.messages(environment)] == ["ada"]


@pytest.mark.rule("E-SUBS-5", "E-TRIGGER-23", "E-RUN-3", "E-RUN-6")
async def test_trigger_conditions_hold_back_single_subscribers(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    database = virtual.database
    await subscribed(database, environment, "projects/p1", "ada", role="boss")
    await subscribed(database, environment, "projects/p1", "bob", role="clerk")
    boss = {"variable": "recipient.subscription.role", "operator": "equal_to", "argument": "boss"}
    here = {
        "variable": "recipient.subscription.object.name",
        "operator": "equal_to",
        "argument": "projects/p1",
    }
    steps = [in_app_step(body="hi"), email_step()]
    await virtual.publish(environment, "greet", workflow(*steps, conditions={"all": [boss, here]}))

    await virtual.trigger(environment, "greet", PROJECT)

    assert {message["recipient_id"] for message in await virtual.messages(environment)} == {"ada"}
    runs = {run["recipient_id"]: run for run in await virtual.runs(environment)}
    assert {one: (run["status"], run["outcome"], run["error_count"]) for one, run in runs.items()} == {
        "ada": ("completed", "finished", 0),
        "bob": ("completed", "halted", 0),
        "p1": ("completed", "halted", 0),
    }
    lines = await virtual.log(environment, "trigger_conditions_evaluated")
    told = {line["recipient_run_id"]: line["data"] for line in lines}
    assert [told[runs[one]["id"]]["held"] for one in ("ada", "bob", "p1")] == [True, False, False]
    assert told[runs["bob"]["id"]]["conditions"][0] == {
        "variable": "recipient.subscription.role",
        "operator": "equal_to",
        "result": False,
        "variable_value": "clerk",
        "argument_value": "boss",
    }
    assert told[runs["bob"]["id"]]["conditions"][1]["result"] == "not evaluated"


async def test_a_subscriptions_object_is_as_it_is_when_the_step_runs(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await subscribed(virtual.database, environment, "projects/p1", "ada", role="boss")
    delay = {"type": "delay", "ref": "wait", "settings": {"delay_for": {"unit": "hours", "value": 1}}}
    await virtual.publish(environment, "greet", workflow(delay, in_app_step(body=ROLE)))
    await virtual.trigger(environment, "greet", PROJECT)

    await subscribed(virtual.database, environment, "projects/p1", "ada", role="clerk")
    async with virtual.database.connection() as connection:
        await connection.execute(
            'UPDATE recipients SET properties = \'{"name": "Apollo"}\' '
            "WHERE environment_id = %s AND collection = 'projects'",
            (environment.id,),
        )
    await virtual.pass_time(environment, timedelta(hours=1))

    assert await bodies(virtual, environment) == {"ada": "boss of Apollo"}
