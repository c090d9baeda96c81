"""Random cohorts, in virtual time."""

from datetime import timedelta
from typing import Any

import pytest

from activities.steps.random_cohort import RandomCohortSteps
from activities.versions import Versions
from tests.builders import Step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.runs import NOON, rows, write_run
from tests.virtual_time import VirtualTime

PEOPLE = [f"person-{number}" for number in range(8)]


def cohort(name: str, percentage: Any, *steps: Step, **more: Any) -> dict[str, Any]:
    return {"name": name, "percentage": percentage, "steps": list(steps), **more}


def split(*cohorts: dict[str, Any], **more: Any) -> Step:
    return {"type": "random_cohort", "ref": "split", "cohort_branches": list(cohorts), **more}


def halves(**more: Any) -> Step:
    a, b = cohort("A", "50", in_app_step("a")), cohort("B", 50, in_app_step("b"))
    return split(a, b, **more)


async def of_each(virtual: VirtualTime, environment: TestEnvironment) -> dict[str, list[str]]:
    """Which steps sent to whom."""
    found: dict[str, list[str]] = {}
    for message in await virtual.messages(environment):
        found.setdefault(message["recipient_id"], []).append(message["step_ref"])
    return found


@pytest.mark.rule("E-EXPERIMENT-2")
async def test_everybody_falls_into_one_cohort_the_same_in_every_run(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    await virtual.publish(environment, "test", workflow(halves(), in_app_step("after")))
    for _ in range(2):
        await virtual.trigger(environment, "test", *({"id": who} for who in PEOPLE))

    taken = await of_each(virtual, environment)
    assert set(taken) == set(PEOPLE)
    assert {tuple(refs) for refs in taken.values()} == {("a", "after") * 2, ("b", "after") * 2}


@pytest.mark.rule("E-EXPERIMENT-4")
@pytest.mark.parametrize(
    ("key", "expected"),
    [("tenant.id", 1), ("team", 1), ("data.team", 1), ("{{ data.team }}", 1), (None, 2), ("recipient.id", 2)],
)
async def test_the_key_decides_who_falls_together(
    virtual: VirtualTime, environment: TestEnvironment, key: str | None, expected: int
) -> None:
    await virtual.publish(environment, "test", workflow(halves(cohort_key=key)))
    people = [{"id": who} for who in PEOPLE]
    await virtual.trigger(environment, "test", *people, tenant="acme", data={"team": "red"})

    lines = await virtual.log(environment, "random_cohort_chosen")
    assert len(lines) == len(PEOPLE)
    assert len({line["data"]["cohort"] for line in lines}) == expected
    assert len({line["data"]["key"] for line in lines}) == (1 if expected == 1 else len(PEOPLE))


@pytest.mark.rule("E-EXPERIMENT-2", "E-BRANCH-3")
@pytest.mark.parametrize(
    ("terminates", "expected"), [(True, ["b"]), (False, ["b", "after"]), (None, ["b", "after"])]
)
async def test_a_share_of_nothing_receives_nobody_and_a_cohort_may_end_the_run(
    virtual: VirtualTime, environment: TestEnvironment, terminates: bool | None, expected: list[str]
) -> None:
    nobody, all_ = (
        cohort("A", 0, in_app_step("a")),
        cohort("B", "100", in_app_step("b"), terminates=terminates),
    )
    await virtual.publish(environment, "test", workflow(split(nobody, all_), in_app_step("after")))
    await virtual.trigger(environment, "test", *({"id": who} for who in PEOPLE[:3]))

    taken = await of_each(virtual, environment)
    assert taken == dict.fromkeys(PEOPLE[:3], expected)
    assert {run["outcome"] for run in await virtual.runs(environment)} == {"finished"}


@pytest.mark.rule("E-EXPERIMENT-4")
async def test_the_log_says_the_key_the_distribution_and_the_cohort(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    step = split(cohort("A", 0), cohort("B", "99.5"), cohort("C", 0.5), cohort_key="data.plan")
    await virtual.publish(environment, "test", workflow(step))
    await virtual.trigger(environment, "test", data={"plan": "pro"})
    await virtual.trigger(environment, "test", data={})

    lines = await virtual.log(environment, "random_cohort_chosen")
    distribution = [
        {"name": "A", "percentage": "0"},
        {"name": "B", "percentage": "99.5"},
        {"name": "C", "percentage": "0.5"},
    ]
    told = {"index": 1, "cohort": "B", "distribution": distribution}
    assert [line["data"] for line in lines] == [
        told | {"key": "pro"},
        told | {"key": "", "warning": "cohort_key 'data.plan' is empty for this run"},
    ]
    assert {(line["step_ref"], line["step_type"]) for line in lines} == {("split", "random_cohort")}


@pytest.mark.rule("E-RUN-7")
async def test_a_key_that_cannot_be_rendered_halts_the_run(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    step = halves(cohort_key="{{ 1 | divided_by: data.zero }}")
    await virtual.publish(environment, "test", workflow(step, in_app_step("after")))
    await virtual.trigger(environment, "test", data={"zero": 0})
    await virtual.pass_time(environment, timedelta(minutes=5))

    assert [run["outcome"] for run in await virtual.runs(environment)] == ["failed"]
    lines = await virtual.log(environment, "step_failed")
    reason = "template error in cohort_key in line 1"
    assert [(line["attempt"], line["data"]) for line in lines] == [(n, {"reason": reason}) for n in (1, 2, 3)]


async def test_drawing_again_answers_the_first_cohort_and_logs_it_once(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    # D24
    await virtual.publish(environment, "test", workflow(halves()))
    run = await write_run(virtual.database, environment, "test")
    steps = RandomCohortSteps(virtual.database, Versions(SEALER))

    first = await steps.draw_cohort(run.ask("split", NOON))
    again = await steps.draw_cohort(run.ask("split", NOON + timedelta(days=1)))

    assert again == first
    log = await rows(virtual.database, "SELECT event FROM run_events WHERE recipient_run_id = %s", run.id)
    assert [line["event"] for line in log] == ["random_cohort_chosen"]
