"""Waits that hear of so much that does not match that their run goes on in another workflow (D9)."""

from typing import Any
from uuid import UUID

import pytest

from activities.renewal import Renewal
from simulation.open_workflows import open_workflows
from tests.builders import in_app_step
from tests.environments import TestEnvironment
from tests.rules.test_waits import PAID, Stage, match, wait
from tests.runs import rows
from tests.virtual_time import VirtualTime, place_of
from workflows_engine.effects.runs import RenewAnswer
from workflows_engine.effects.steps import RenewAsk
from workflows_engine.run import LOOKS


@pytest.fixture
async def stage(virtual: VirtualTime, environment: TestEnvironment) -> Stage:
    """A run that sent a message and waits now."""
    stage = Stage(virtual, environment)
    waiting = wait(PAID, match("event.data.amount", "10"))
    await stage.publish(in_app_step("before"), waiting, in_app_step("after"))
    await stage.trigger()
    return stage


async def workflow_id(stage: Stage) -> str:
    (found,) = await open_workflows(stage.virtual.database, place_of(stage.environment))
    return found


async def run_of(stage: Stage) -> dict[str, Any]:
    sql = "SELECT * FROM recipient_runs WHERE environment_id = %s"
    (run,) = await rows(stage.virtual.database, sql, stage.environment.id)
    return run


async def renewed(stage: Stage, run_id: UUID, ref: str = "wait_1") -> RenewAnswer:
    ask = RenewAsk(
        environment_id=stage.environment.id,
        recipient_run_id=run_id,
        step_ref=ref,
        attempt=LOOKS,
        now=await stage.virtual.now(),
    )
    return await Renewal(stage.virtual.database, stage.virtual.temporal).renew_run(ask)


@pytest.mark.rule("E-WAITEVENT-2", "E-WAITEVENT-10")
async def test_another_workflow_of_the_run_goes_on_with_its_wait(stage: Stage) -> None:
    await stage.tell(PAID, {"data": {"amount": 9}})
    run, old = await run_of(stage), await workflow_id(stage)

    assert (await renewed(stage, run["id"])).incarnation == 1
    assert (await renewed(stage, run["id"])).incarnation == 1
    await stage.virtual.temporal.client.get_workflow_handle(old).terminate("as if it had ended")
    await stage.virtual.idle(stage.environment)
    again = await run_of(stage)
    assert (again["status"], again["waiting_until"]) == ("paused", run["waiting_until"])
    assert await workflow_id(stage) != old

    await stage.tell(PAID, {"data": {"amount": 8}})
    assert await stage.sent() == ["before"]
    await stage.tell(PAID, {"data": {"amount": 10}})

    assert await stage.sent() == ["before", "after"]
    assert await stage.ends() == [("completed", "finished")]
    looked = await stage.log("wait_conditions_evaluated")
    assert [line["result"] for line in looked] == [False, False, True]


async def test_a_run_that_waits_there_no_more_stays_as_it_is(stage: Stage) -> None:
    run = await run_of(stage)
    assert await renewed(stage, run["id"], ref="after") == RenewAnswer(incarnation=None)
    await stage.tell(PAID, {"data": {"amount": 10}})

    assert await renewed(stage, run["id"]) == RenewAnswer(incarnation=None)
    assert await stage.ends() == [("completed", "finished")]
