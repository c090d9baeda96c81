"""Branches, in virtual time."""

from datetime import timedelta
from typing import Any

import pytest

from activities.reconciling import runs, windows
from activities.steps.branch import BranchSteps
from activities.versions import Versions
from tests.builders import Step, batch_step, delay_step, fetch_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.every_step import branch
from tests.houses import SEALER
from tests.rules.reading import body_of
from tests.runs import NOON, rows, write_run
from tests.virtual_time import VirtualTime

BODY = "{{ total_activities }}: {% for a in activities %}{{ a.n }}{% endfor %}"
LATE = {"variable": "data.at", "operator": "is_timestamp_before", "argument": "{{ data.at | nosuch: }}"}


def plan_is(plan: str) -> dict[str, Any]:
    return {"variable": "recipient.plan", "operator": "equal_to", "argument": plan}


def way(name: str, *steps: Step, **more: Any) -> dict[str, Any]:
    """A branch for recipients whose plan has the branch's name."""
    return {"name": name, "conditions": {"all": [plan_is(name)]}, "steps": list(steps), **more}


def otherwise(*steps: Step, **more: Any) -> dict[str, Any]:
    return {"name": "otherwise", "conditions": None, "steps": list(steps), **more}


def on(plan: str) -> dict[str, Any]:
    return {"id": "ada", "plan": plan}


async def sent(virtual: VirtualTime, environment: TestEnvironment) -> list[str]:
    return [message["step_ref"] for message in await virtual.messages(environment)]


async def outcomes(virtual: VirtualTime, environment: TestEnvironment) -> list[str | None]:
    return [run["outcome"] for run in await virtual.runs(environment)]


@pytest.mark.rule("E-BRANCH-1", "E-BRANCH-3")
@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("pro", ["before", "pro_1", "pro_2", "after"]),
        ("team", ["before", "team_1", "after"]),
        ("free", ["before", "free_1", "after"]),
    ],
)
async def test_the_steps_of_one_branch_are_run_and_then_what_follows(
    virtual: VirtualTime, environment: TestEnvironment, plan: str, expected: list[str]
) -> None:
    ways = [
        way("pro", in_app_step("pro_1"), in_app_step("pro_2")),
        way("team", in_app_step("team_1")),
        otherwise(in_app_step("free_1")),
    ]
    await virtual.publish(
        environment, "greet", workflow(in_app_step("before"), branch(*ways), in_app_step("after"))
    )
    await virtual.trigger(environment, "greet", on(plan))

    assert await sent(virtual, environment) == expected
    assert await outcomes(virtual, environment) == ["finished"]


@pytest.mark.rule("E-BRANCH-6")
async def test_the_log_says_which_branch_was_taken_and_what_every_branch_was_tried_on(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    ways = [way("pro"), way("team", in_app_step()), way("free"), otherwise()]
    await virtual.publish(environment, "greet", workflow(branch(*ways)))
    await virtual.trigger(environment, "greet", on("team"))

    (line,) = await virtual.log(environment, "branch_chosen")
    trace = {"variable": "recipient.plan", "operator": "equal_to", "variable_value": "team"}
    assert (line["step_ref"], line["step_type"]) == ("branch_1", "branch")
    assert line["data"] == {
        "index": 1,
        "branch": "team",
        "branches": [
            {
                "name": "pro",
                "result": False,
                "conditions": [trace | {"argument_value": "pro", "result": False}],
            },
            {
                "name": "team",
                "result": True,
                "conditions": [trace | {"argument_value": "team", "result": True}],
            },
            {"name": "free", "result": "not evaluated"},
            {"name": "otherwise", "result": "not evaluated"},
        ],
    }


@pytest.mark.rule("E-BRANCH-3")
@pytest.mark.parametrize(("plan", "expected"), [("pro", ["pro_1"]), ("free", []), ("team", ["after"])])
async def test_after_a_branch_that_terminates_the_run_ends(
    virtual: VirtualTime, environment: TestEnvironment, plan: str, expected: list[str]
) -> None:
    # E-BRANCH-3: with steps, and without any
    ways = [
        way("pro", in_app_step("pro_1"), terminates=True),
        way("free", terminates=True),
        otherwise(),
    ]
    await virtual.publish(environment, "greet", workflow(branch(*ways), in_app_step("after")))
    await virtual.trigger(environment, "greet", on(plan))

    assert await sent(virtual, environment) == expected
    assert await outcomes(virtual, environment) == ["finished"]


@pytest.mark.rule("E-BRANCH-4")
@pytest.mark.parametrize(
    ("plan", "seats", "expected"),
    [
        ("pro", 1, ["few", "in_pro", "after"]),
        ("pro", 9, ["many"]),
        ("free", 9, ["after"]),
    ],
)
async def test_branches_inside_branches_go_on_where_the_outer_one_does(
    virtual: VirtualTime, environment: TestEnvironment, plan: str, seats: int, expected: list[str]
) -> None:
    many = {"variable": "data.seats", "operator": "greater_than", "argument": "5"}
    inner = branch(
        {"conditions": {"all": [many]}, "steps": [in_app_step("many")], "terminates": True},
        otherwise(in_app_step("few")),
        ref="inner",
    )
    outer = branch(way("pro", inner, in_app_step("in_pro")), otherwise())
    await virtual.publish(environment, "greet", workflow(outer, in_app_step("after")))
    await virtual.trigger(environment, "greet", on(plan), data={"seats": seats})

    assert await sent(virtual, environment) == expected
    assert await outcomes(virtual, environment) == ["finished"]


async def test_a_delay_in_a_branch_is_waited_for_by_those_who_take_it(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    ways = [way("pro", delay_step(), in_app_step("late")), otherwise()]
    await virtual.publish(environment, "remind", workflow(branch(*ways), in_app_step("after")))
    await virtual.trigger(environment, "remind", on("free"))
    await virtual.trigger(environment, "remind", on("pro"))

    assert await sent(virtual, environment) == ["after"]
    await virtual.pass_time(environment, timedelta(days=1))
    assert await sent(virtual, environment) == ["after", "late", "after"]


async def test_a_cancel_during_a_delay_in_a_branch_ends_the_run(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    ways = [way("pro", delay_step(), in_app_step("late")), otherwise()]
    await virtual.publish(environment, "remind", workflow(branch(*ways), in_app_step("after")))
    await virtual.trigger(environment, "remind", on("pro"), cancellation_key="stop")
    await virtual.cancel(environment, "remind", "stop")
    await virtual.pass_time(environment, timedelta(days=2))

    assert await sent(virtual, environment) == []
    assert await outcomes(virtual, environment) == ["cancelled"]


async def test_a_cancel_before_a_branch_leaves_it_untaken(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "remind", workflow(delay_step(), branch(otherwise(in_app_step()))))
    await virtual.trigger(environment, "remind", cancellation_key="stop")
    await virtual.cancel(environment, "remind", "stop")

    assert await virtual.log(environment, "branch_chosen") == []
    assert await outcomes(virtual, environment) == ["cancelled"]


async def test_a_batch_in_a_branch_gathers_those_who_take_it(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    ways = [way("pro", batch_step(seconds=600), in_app_step("digest", body=BODY)), otherwise()]
    await virtual.publish(environment, "batched", workflow(branch(*ways), in_app_step("after", body=BODY)))
    for n in "abc":
        await virtual.trigger(environment, "batched", on("pro"), data={"n": n})
    await virtual.pass_time(environment, timedelta(minutes=10))

    messages = await virtual.messages(environment)
    assert [(one["step_ref"], body_of(one)) for one in messages] == [
        ("digest", "3: abc"),
        ("after", "3: abc"),
    ]
    assert await outcomes(virtual, environment) == ["finished", "absorbed", "absorbed"]


async def test_a_run_taken_up_again_goes_on_in_its_branch(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    # The window's row names the step; the plan knows where it stands, however deep.
    inner = branch(
        otherwise(batch_step(seconds=600), in_app_step("digest", body=BODY), terminates=True), ref="inner"
    )
    outer = branch(way("team", in_app_step("team_1")), otherwise(inner))
    await virtual.publish(environment, "batched", workflow(outer, in_app_step("after")))
    for n in "ab":
        await virtual.trigger(environment, "batched", on("pro"), data={"n": n})
    opener = (await virtual.runs(environment))[0]
    workflow_id = f"{environment.slug}/batched/ada/{opener['id']}"
    await virtual.temporal.client.get_workflow_handle(workflow_id).terminate("a person did it")

    place = {"id": environment.id, "slug": environment.slug}
    soon = await virtual.now() + timedelta(minutes=2)
    await runs.repair(virtual.database, virtual.temporal, place, soon)
    await windows.hand_over(virtual.database, virtual.temporal, place, soon)
    await virtual.pass_time(environment, timedelta(minutes=11))

    assert [(one["step_ref"], body_of(one)) for one in await virtual.messages(environment)] == [
        ("digest", "1: b")
    ]
    ended = await virtual.runs(environment)
    assert [(one["outcome"], one["incarnation"]) for one in ended] == [("terminated", 0), ("finished", 1)]


@pytest.mark.rule("E-BRANCH-1", "E-RUN-6", "E-RUN-7")
async def test_a_branch_that_cannot_be_judged_fails_the_step_after_three_attempts(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    ways = [
        way("pro", in_app_step("pro_1")),
        {"name": "asked", "conditions": {"all": [LATE]}, "steps": [in_app_step("asked_1")]},
        otherwise(in_app_step("free_1")),
    ]
    await virtual.publish(environment, "greet", workflow(branch(*ways), in_app_step("after")))
    await virtual.trigger(environment, "greet", on("free"), data={"at": "2026-01-01"})
    await virtual.pass_time(environment, timedelta(minutes=2))

    assert await sent(virtual, environment) == []
    assert await outcomes(virtual, environment) == ["failed"]
    lines = await virtual.log(environment, "step_failed")
    assert [line["attempt"] for line in lines] == [1, 2, 3]
    assert lines[0]["data"]["reason"].startswith("the Liquid in a condition cannot be rendered")
    results = [one["result"] for one in lines[0]["data"]["branches"]]
    assert results == [False, "not judged", "not evaluated"]


@pytest.mark.rule("E-BRANCH-1", "E-BRANCH-6")
async def test_an_earlier_branch_that_holds_is_taken_whatever_cannot_be_judged_after_it(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    ways = [
        way("pro", in_app_step("pro_1")),
        {"conditions": {"all": [LATE]}, "steps": []},
        otherwise(),
    ]
    await virtual.publish(environment, "greet", workflow(branch(*ways)))
    await virtual.trigger(environment, "greet", on("pro"), data={"at": "2026-01-01"})

    assert await sent(virtual, environment) == ["pro_1"]


@pytest.mark.rule("E-BRANCH-5", "E-COND-22")
@pytest.mark.parametrize(("status", "expected"), [("delivered", "seen_1"), ("bounced", "free_1")])
async def test_branches_look_at_the_status_of_earlier_messages(
    virtual: VirtualTime, environment: TestEnvironment, status: str, expected: str
) -> None:
    stands = {
        "variable": "refs.first.delivery_status",
        "operator": "equal_to",
        "argument": f"$message.{status}",
    }
    ways = [
        {"conditions": {"all": [stands]}, "steps": [in_app_step("seen_1")]},
        otherwise(in_app_step("free_1")),
    ]
    await virtual.publish(environment, "greet", workflow(in_app_step("first"), delay_step(), branch(*ways)))
    await virtual.trigger(environment, "greet", on("pro"))
    await virtual.pass_time(environment, timedelta(days=1))

    assert await sent(virtual, environment) == ["first", expected]


async def test_conditions_of_a_branch_see_what_steps_before_it_changed(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    several = {"variable": "run.total_activities", "operator": "greater_than", "argument": "1"}
    ways = [
        {"conditions": {"all": [several]}, "steps": [in_app_step("digest")]},
        otherwise(in_app_step("one")),
    ]
    await virtual.publish(environment, "batched", workflow(batch_step(seconds=600), branch(*ways)))
    await virtual.trigger(environment, "batched")
    await virtual.trigger(environment, "batched")
    await virtual.pass_time(environment, timedelta(minutes=10))

    assert await sent(virtual, environment) == ["digest"]


@pytest.mark.rule("E-RUN-7")
async def test_a_failing_step_in_a_branch_halts_the_run(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    ways = [otherwise(fetch_step(url="{{ 1 | divided_by: data.zero }}"), in_app_step())]
    await virtual.publish(environment, "greet", workflow(branch(*ways), in_app_step("after")))
    await virtual.trigger(environment, "greet", data={"zero": 0})
    await virtual.pass_time(environment, timedelta(minutes=5))

    assert await sent(virtual, environment) == []
    assert await outcomes(virtual, environment) == ["failed"]


async def test_a_plan_from_before_branches_were_run_still_passes_over_them(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    steps = [branch(otherwise(in_app_step("inside"))), in_app_step("after")]
    await virtual.publish(environment, "greet", workflow(*steps))
    why = "branch steps are not run by this release"
    old = (
        '{"format": 1, "steps": ['
        f'{{"type": "passed_over", "ref": "branch_1", "step_type": "branch", "why": "{why}"}}, '
        '{"type": "channel", "ref": "after"}]}'
    )
    async with virtual.database.transaction() as connection:
        await connection.execute(
            """
            UPDATE resource_versions SET compiled = jsonb_set(compiled, '{plan}', %s::jsonb)
            WHERE environment_id = %s
            """,
            (old, environment.id),
        )
    await virtual.trigger(environment, "greet")

    assert await sent(virtual, environment) == ["after"]
    (line,) = await virtual.log(environment, "step_skipped")
    assert line["data"] == {"reason": why, "steps_not_run": ["inside"]}


async def test_choosing_again_answers_the_first_choice_and_logs_it_once(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    # D24
    await virtual.publish(environment, "greet", workflow(branch(way("pro"), otherwise())))
    run = await write_run(virtual.database, environment, "greet", on("pro"))
    steps = BranchSteps(virtual.database, Versions(SEALER))

    first = await steps.choose_branch(run.ask("branch_1", NOON))
    async with virtual.database.transaction() as connection:
        await connection.execute(
            'UPDATE recipients SET properties = \'{"plan": "free"}\' WHERE environment_id = %s',
            (environment.id,),
        )
    again = await steps.choose_branch(run.ask("branch_1", NOON + timedelta(days=1)))

    assert (first.index, again) == (0, first)
    log = await rows(virtual.database, "SELECT event FROM run_events WHERE recipient_run_id = %s", run.id)
    assert [line["event"] for line in log] == ["branch_chosen"]
