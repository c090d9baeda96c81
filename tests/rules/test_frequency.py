"""How often a workflow runs for a recipient (E-TRIGGER-24, -25)."""

import asyncio
from typing import Any

import pytest

from dispatch.triggers import Origin
from models.values.kinds import TriggerSource
from tests.builders import in_app_step, workflow
from tests.environments import TestEnvironment
from tests.virtual_time import VirtualTime

PRO = {"all": [{"variable": "data.plan", "operator": "equal_to", "argument": "pro"}]}


async def ended(virtual: VirtualTime, environment: TestEnvironment) -> list[tuple[str, str | None, str]]:
    """Who, for which tenant, and how, in the order of acceptance."""
    runs = await virtual.runs(environment)
    assert {run["status"] for run in runs} == {"completed"}
    return [(run["recipient_id"], run["tenant_id"], run["outcome"]) for run in runs]


async def fire(virtual: VirtualTime, environment: TestEnvironment, *who: Any, **more: Any) -> None:
    await virtual.trigger(environment, "greet", *who, **more)


@pytest.mark.rule("E-TRIGGER-24", "E-TRIGGER-25")
async def test_once_per_recipient_is_once_whatever_the_tenant_and_the_version(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    once = {"trigger_frequency": "once_per_recipient"}
    await virtual.publish(environment, "greet", workflow(in_app_step(), **once))
    await virtual.publish(environment, "other", workflow(in_app_step(), **once))

    await fire(virtual, environment)
    await fire(virtual, environment, tenant="acme")
    await fire(virtual, environment, {"id": "bob"}, {"id": "ada"})
    await virtual.publish(environment, "greet", workflow(in_app_step(body="anew"), **once))
    await fire(virtual, environment)
    await virtual.trigger(environment, "other")

    assert await ended(virtual, environment) == [
        ("ada", None, "finished"),
        ("ada", "acme", "halted"),
        ("ada", None, "halted"),
        ("bob", None, "finished"),
        ("ada", None, "halted"),
        ("ada", None, "finished"),
    ]
    assert len(await virtual.messages(environment)) == 3
    runs = await virtual.runs(environment)
    reason = f"the workflow runs once per recipient, and run {runs[0]['id']} was the one"
    assert runs[1]["outcome_reason"] == reason
    (line,) = [
        line["data"]
        for line in await virtual.log(environment, "run_completed")
        if line["recipient_run_id"] == runs[1]["id"]
    ]
    assert line == {"outcome": "halted", "reason": reason}


@pytest.mark.rule("E-TRIGGER-24", "E-TRIGGER-25")
async def test_once_per_tenant_takes_no_tenant_for_one_of_its_own(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    once = {"trigger_frequency": "once_per_recipient_per_tenant"}
    await virtual.publish(environment, "greet", workflow(in_app_step(), **once))

    for tenant in (None, "acme", "globex", None, "acme"):
        await fire(virtual, environment, tenant=tenant)

    assert [outcome for *_, outcome in await ended(virtual, environment)] == [
        *("finished", "finished", "finished", "halted", "halted")
    ]


@pytest.mark.rule("E-TRIGGER-25")
async def test_a_run_that_the_conditions_held_back_uses_nothing_up(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    content = workflow(in_app_step(), conditions=PRO, trigger_frequency="once_per_recipient")
    await virtual.publish(environment, "greet", content)

    for plan in ("free", "pro", "pro"):
        await fire(virtual, environment, data={"plan": plan})

    assert [outcome for *_, outcome in await ended(virtual, environment)] == ["halted", "finished", "halted"]
    first, _, third = await virtual.runs(environment)
    assert first["outcome_reason"] == "the trigger's conditions do not hold"
    assert "once per recipient" in third["outcome_reason"]


@pytest.mark.rule("E-TRIGGER-24")
async def test_rehearsals_run_always_and_use_nothing_up(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    content = workflow(in_app_step(), trigger_frequency="once_per_recipient")
    await virtual.publish(environment, "greet", content)

    rehearsal = Origin(source=TriggerSource.REHEARSAL)
    for origin in (rehearsal, rehearsal, Origin(), rehearsal, Origin()):
        await fire(virtual, environment, origin=origin)

    outcomes = [outcome for *_, outcome in await ended(virtual, environment)]
    assert outcomes == ["finished", "finished", "finished", "finished", "halted"]


@pytest.mark.rule("E-TRIGGER-25")
async def test_of_several_at_the_same_moment_one_runs(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    content = workflow(in_app_step(), trigger_frequency="once_per_recipient")
    await virtual.publish(environment, "greet", content)

    await asyncio.gather(*(virtual.accept(environment, "greet", cancellation_key="k") for _ in range(8)))
    await virtual.idle(environment)

    outcomes = sorted(outcome for *_, outcome in await ended(virtual, environment))
    assert outcomes == ["finished", *["halted"] * 7]
    assert len(await virtual.messages(environment)) == 1
