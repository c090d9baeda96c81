"""Workflows that trigger workflows, in virtual time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid5

import pytest
from temporalio.testing import ActivityEnvironment

from activities.steps.trigger_workflow import TriggerSteps
from activities.versions import Versions
from dispatch.crowds import Crowds
from tests.builders import delay_step, email_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.every_step import step
from tests.houses import SEALER
from tests.rules.reading import body_of
from tests.runs import rows, write_run
from tests.virtual_time import VirtualTime
from workflows_engine import names
from workflows_engine.effects.steps import Verdict
from workflows_engine.steps.trigger_workflow import DEEPEST

SCHEMA = {"type": "object", "required": ["order"], "properties": {"order": {"type": "number"}}}


def triggering(key: str = "child", ref: str = "next", **settings: Any) -> dict[str, Any]:
    return step("trigger_workflow", ref, workflow_key=key, **settings)


async def outcomes(virtual: VirtualTime, environment: TestEnvironment) -> list[tuple[str, Any]]:
    return sorted((run["workflow_key"], run["outcome"]) for run in await virtual.runs(environment))


async def bodies(virtual: VirtualTime, environment: TestEnvironment) -> list[str]:
    return sorted(body_of(message) for message in await virtual.messages(environment))


@pytest.mark.rule("E-TRIGGERWF-2", "E-TRIGGERWF-8", "E-TRIGGER-29")
async def test_a_child_is_a_trigger_of_its_own_once_per_run_of_its_parent(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "child", workflow(delay_step(), in_app_step(body="{{ data.n }}")))
    await virtual.publish(environment, "parent", workflow(triggering(), in_app_step(body="parent")))
    people = [{"id": "ada"}, {"id": "bob"}]

    parent = await virtual.trigger(environment, "parent", *people, data={"n": 7})

    # The parents are over; they did not wait.
    finished = [("child", None), ("child", None), ("parent", "finished"), ("parent", "finished")]
    assert await outcomes(virtual, environment) == finished
    runs = await virtual.runs(environment)
    children = [run for run in runs if run["workflow_key"] == "child"]
    assert {run["trigger_source"] for run in children} == {"workflow_step"}
    parents = {run["id"] for run in runs if run["workflow_key"] == "parent"}
    assert {run["workflow_run_id"] for run in children} == {uuid5(one, "next") for one in parents}
    assert parent not in {run["workflow_run_id"] for run in children}
    await virtual.pass_time(environment, timedelta(days=1))
    assert await bodies(virtual, environment) == ["7", "7", "parent", "parent"]


@pytest.mark.rule("E-TRIGGER-9")
async def test_what_is_tried_out_is_tried_out_by_the_child_too(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "child", workflow(delay_step(), email_step()))
    await virtual.publish(environment, "parent", workflow(triggering()))

    await virtual.trigger(environment, "parent", settings={"sandbox_mode": True, "skip_delay": True})
    assert await virtual.messages(environment) == []
    await virtual.pass_time(environment, timedelta(days=1))

    assert [message["status"] for message in await virtual.messages(environment)] == ["not_sent"]


@pytest.mark.rule("E-TRIGGERWF-3", "E-RUN-9")
async def test_the_childs_newest_commit_runs_while_the_parent_keeps_its_own(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "child", workflow(in_app_step(body="old child")))
    await virtual.publish(
        environment, "parent", workflow(delay_step(), triggering(), in_app_step(body="old"))
    )
    await virtual.trigger(environment, "parent")
    await virtual.publish(environment, "child", workflow(in_app_step(body="new child")))
    await virtual.publish(environment, "parent", workflow(in_app_step(body="new")))

    await virtual.pass_time(environment, timedelta(days=1))

    assert await bodies(virtual, environment) == ["new child", "old"]


@pytest.mark.rule("E-TRIGGERWF-4")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE resources SET active = false", "it is inactive"),
        ("UPDATE resources SET archived_at = now()", "it is not published"),
    ],
)
async def test_a_child_that_is_off_skips_the_step(
    virtual: VirtualTime, environment: TestEnvironment, change: str, said: str
) -> None:
    await virtual.publish(environment, "child", workflow(in_app_step(body="child")))
    await virtual.publish(environment, "parent", workflow(triggering(), in_app_step(body="parent")))
    sql = f"{change} WHERE environment_id = %s AND key = 'child' RETURNING key"
    assert await rows(virtual.database, sql, environment.id)

    await virtual.trigger(environment, "parent")

    assert await outcomes(virtual, environment) == [("parent", "finished")]
    assert await bodies(virtual, environment) == ["parent"]
    (line,) = await virtual.log(environment, "step_skipped")
    assert said in line["data"]["reason"]


@pytest.mark.rule("E-TRIGGERWF-5")
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"data": '{"order": "{{ data.n | divided_by: 0 }}"}'}, "template error"),
        ({"data": '{"order": "seven"}'}, "the trigger was refused"),
        ({"data": '{"order": 1}', "recipients": "[]"}, "the trigger is invalid"),
        ({"data": '{"order": 1}', "actor": "nobody-knows"}, "the trigger was refused"),
    ],
)
async def test_a_trigger_that_is_broken_fails_the_step_and_halts_the_run(
    virtual: VirtualTime, environment: TestEnvironment, settings: dict[str, Any], said: str
) -> None:
    child = workflow(in_app_step(), trigger_data_json_schema=SCHEMA)
    await virtual.publish(environment, "child", child)
    await virtual.publish(environment, "parent", workflow(triggering(**settings), in_app_step()))

    await virtual.trigger(environment, "parent", data={"n": 1})
    await virtual.pass_time(environment, timedelta(minutes=2))

    assert await outcomes(virtual, environment) == [("parent", "failed")]
    assert await bodies(virtual, environment) == []
    lines = await virtual.log(environment, "step_failed")
    assert [line["attempt"] for line in lines] == [1, 2, 3]
    assert lines[0]["data"]["error"].startswith(said)


@pytest.mark.rule("E-TRIGGERWF-8")
async def test_a_parent_cancelled_before_the_step_has_no_child_and_later_each_is_cancelled_by_itself(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "child", workflow(delay_step(), in_app_step(body="child")))
    late = workflow(delay_step(), triggering(), delay_step("delay_2"))
    await virtual.publish(environment, "parent", late)
    await virtual.trigger(environment, "parent", {"id": "ada"}, cancellation_key="k")
    await virtual.cancel(environment, "parent", "k")
    assert await outcomes(virtual, environment) == [("parent", "cancelled")]

    await virtual.trigger(environment, "parent", {"id": "bob"}, cancellation_key="k")
    await virtual.pass_time(environment, timedelta(days=1))
    await virtual.cancel(environment, "parent", "k")
    expected = [("child", None), ("parent", "cancelled"), ("parent", "cancelled")]
    assert await outcomes(virtual, environment) == expected

    await virtual.cancel(environment, "child", "k")
    assert ("child", "cancelled") in await outcomes(virtual, environment)
    assert await bodies(virtual, environment) == []


@pytest.mark.rule("E-TRIGGERWF-8")
async def test_the_childs_own_frequency_holds(virtual: VirtualTime, environment: TestEnvironment) -> None:
    once = workflow(in_app_step(body="child"), trigger_frequency="once_per_recipient")
    await virtual.publish(environment, "child", once)
    await virtual.publish(environment, "parent", workflow(triggering()))

    for _ in range(2):
        await virtual.trigger(environment, "parent")

    assert await bodies(virtual, environment) == ["child"]


@pytest.mark.rule("E-TRIGGERWF-9")
async def test_a_workflow_that_triggers_itself_ends_ten_triggers_deep(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "parent", workflow(triggering("parent")))

    await virtual.trigger(environment, "parent")

    sql = "SELECT depth, count(*) FROM triggers WHERE environment_id = %s GROUP BY depth ORDER BY depth"
    found = await rows(virtual.database, sql, environment.id)
    assert [(row["depth"], row["count"]) for row in found] == [(n, 1) for n in range(DEEPEST + 1)]
    (line,) = await virtual.log(environment, "step_failed")
    assert "10 deep" in line["data"]["error"]
    assert [run["outcome"] for run in await virtual.runs(environment)].count("failed") == 1


@pytest.mark.rule("E-TRIGGERWF-2")
async def test_a_step_that_is_asked_again_triggers_once_also_when_its_answer_was_lost(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "child", workflow(in_app_step(body="child")))
    await virtual.publish(environment, "parent", workflow(triggering(recipients="{{ recipient.deputy }}")))
    person = {"id": "ada", "deputy": "bob"}
    run = await write_run(virtual.database, environment, "parent", person)
    steps = TriggerSteps(virtual.database, Versions(SEALER), virtual.temporal)

    first = await steps.trigger_workflow(run.ask("next"))
    again = await steps.trigger_workflow(run.ask("next"))
    # A worker that was lost after the trigger and before its ledger row; then the recipient changed.
    await rows(
        virtual.database, "DELETE FROM step_ledger WHERE recipient_run_id = %s RETURNING phase", run.id
    )
    await rows(
        virtual.database,
        """UPDATE recipients SET properties = '{"deputy": "eve"}' WHERE environment_id = %s RETURNING id""",
        environment.id,
    )
    lost = await steps.trigger_workflow(run.ask("next"))
    await virtual.idle(environment)

    assert first == again == lost
    assert first.verdict is Verdict.DONE
    children = [one for one in await virtual.runs(environment) if one["workflow_key"] == "child"]
    assert [one["recipient_id"] for one in children] == ["bob"]


async def test_a_trigger_that_was_withdrawn_before_it_ran_is_made_anew(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "child", workflow(in_app_step(body="child")))
    await virtual.publish(environment, "parent", workflow(triggering()))
    run = await write_run(virtual.database, environment, "parent", {"id": "ada"})
    withdrawn = await write_run(virtual.database, environment, "child", {"id": "ada"})
    await rows(
        virtual.database,
        "UPDATE triggers SET retired_at = now(), answered_at = NULL WHERE id = %s RETURNING id",
        withdrawn.trigger_id,
    )
    async with virtual.database.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            "UPDATE triggers SET id = %s WHERE id = %s", (uuid5(run.id, "next"), withdrawn.trigger_id)
        )

    answer = await TriggerSteps(virtual.database, Versions(SEALER), virtual.temporal).trigger_workflow(
        run.ask("next")
    )
    await virtual.idle(environment)

    assert answer.reason == f"triggered {uuid5(run.id, 'next/2')}"
    assert await bodies(virtual, environment) == ["child"]


@pytest.mark.parametrize(
    ("most", "carried_on", "queue"),
    [(1, names.RUNS, names.RUNS), (0, names.RUNS, names.BULK), (1, names.BULK, names.BULK)],
)
async def test_what_a_crowd_s_runs_trigger_is_a_crowd_s(
    virtual: VirtualTime, environment: TestEnvironment, most: int, carried_on: str, queue: str
) -> None:
    await virtual.publish(environment, "child", workflow(in_app_step(body="child")))
    await virtual.publish(environment, "parent", workflow(triggering()))
    run = await write_run(virtual.database, environment, "parent", {"id": "ada"})
    steps = TriggerSteps(virtual.database, Versions(SEALER), virtual.temporal, Crowds(most))
    within = ActivityEnvironment()
    within.info = replace(within.info, task_queue=carried_on)

    await within.run(steps.trigger_workflow, run.ask("next"))

    assert await virtual.queues(environment, "child") == [queue]
