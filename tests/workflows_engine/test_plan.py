"""Compiling a plan: one flat list, in which forks jump forward."""

from typing import Any

import pytest

from tests.builders import batch_step, delay_step, in_app_step, workflow
from tests.every_step import PAST_DEFAULT, THROTTLE, WHEN, branch, cohorts
from workflows_engine.definition import WorkflowDefinition
from workflows_engine.errors import PlanMismatch
from workflows_engine.plan import FORMAT, Plan

Walk = list[str]


def compiled(*steps: dict[str, Any]) -> Plan:
    return WorkflowDefinition.model_validate(workflow(*steps)).plan()


def stored(*steps: dict[str, Any]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = compiled(*steps).model_dump(mode="json")["steps"]
    return entries


def way(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"conditions": WHEN, "steps": list(steps), **more}


def walks(plan: Plan) -> list[Walk]:
    """The refs of every way through a plan that a run can go."""

    def go_on(position: int, so_far: Walk) -> list[Walk]:
        if position >= len(plan.steps):
            return [so_far]
        here = plan.steps[position]
        assert here.ref not in so_far, "a plan only leads forward"
        onward = getattr(here, "targets", None) or [plan.after(position)]
        return [walk for target in onward for walk in go_on(target, [*so_far, here.ref])]

    return go_on(0, [])


def test_steps_without_forks_are_stored_as_they_were_before_there_were_jumps() -> None:
    assert stored(in_app_step("a"), delay_step("b"), batch_step("c")) == [
        {"type": "channel", "ref": "a"},
        {"type": "delay", "ref": "b"},
        {"type": "batch", "ref": "c"},
    ]


def test_the_steps_of_a_branch_stand_behind_it_and_lead_to_what_follows() -> None:
    fork = branch(
        way(in_app_step("a"), in_app_step("b")), way(delay_step("c"), terminates=True), PAST_DEFAULT
    )
    assert stored(in_app_step("first"), fork, in_app_step("last")) == [
        {"type": "channel", "ref": "first"},
        {"type": "branch", "ref": "branch_1", "then": 5, "targets": [2, 4, 5]},
        {"type": "channel", "ref": "a"},
        {"type": "channel", "ref": "b", "then": 5},
        {"type": "delay", "ref": "c", "then": 6},
        {"type": "channel", "ref": "last"},
    ]


@pytest.mark.rule("E-BRANCH-2", "E-BRANCH-3")
@pytest.mark.parametrize(
    ("fork", "expected"),
    [
        (branch(PAST_DEFAULT), [["branch_1", "last"]]),
        (branch({"steps": [], "terminates": True}), [["branch_1"]]),
        (branch(way(), {"steps": [in_app_step("a")]}), [["branch_1", "last"], ["branch_1", "a", "last"]]),
        (branch(way(THROTTLE), PAST_DEFAULT), [["branch_1", "a", "last"], ["branch_1", "last"]]),
        (cohorts(50, 25, 25), [["cohort_1", "last"]] * 3),
    ],
)
def test_every_way_is_gone_to_its_end(fork: dict[str, Any], expected: list[Walk]) -> None:
    assert walks(compiled(fork, in_app_step("last"))) == expected


def test_a_fork_that_is_the_last_step_leads_to_the_end() -> None:
    assert walks(compiled(branch(way(in_app_step("a")), {"steps": [in_app_step("b")]}))) == [
        ["branch_1", "a"],
        ["branch_1", "b"],
    ]


@pytest.mark.rule("E-BRANCH-4")
def test_forks_inside_forks_lead_where_the_outer_one_does() -> None:
    # E-BRANCH-4: a way that terminates ends the run however deep it stands
    drawn = cohorts(50, 50, ref="drawn")
    drawn["cohort_branches"][0] |= {"steps": [in_app_step("a")], "terminates": True}
    drawn["cohort_branches"][1] |= {"steps": [branch(way(in_app_step("b")), PAST_DEFAULT, ref="deep")]}
    outer = branch(way(drawn, in_app_step("c")), way(in_app_step("d"), terminates=True), PAST_DEFAULT)

    assert walks(compiled(in_app_step("first"), outer, in_app_step("last"))) == [
        ["first", "branch_1", "drawn", "a"],
        ["first", "branch_1", "drawn", "deep", "b", "c", "last"],
        ["first", "branch_1", "drawn", "deep", "c", "last"],
        ["first", "branch_1", "d"],
        ["first", "branch_1", "last"],
    ]


def test_a_fork_of_which_no_way_is_taken_leads_to_what_follows() -> None:
    plan = compiled(branch(way(in_app_step("a")), PAST_DEFAULT), in_app_step("last"))
    assert plan.steps[plan.after(0)].ref == "last"


def test_every_step_stands_once_in_a_plan_five_branches_deep() -> None:
    # Batches are taken up again at the position of their ref.
    steps = [batch_step("deepest")]
    for depth in range(5):
        steps = [branch(way(*steps), {"steps": [in_app_step(f"other_{depth}")]}, ref=f"fork_{depth}")]
    plan = compiled(*steps, in_app_step("last"))

    refs = [step.ref for step in plan.steps]
    assert sorted(refs) == sorted({*refs})
    assert plan.after(refs.index("deepest")) == refs.index("last")


def test_a_plan_from_before_branches_were_run_is_read_and_leads_past_them() -> None:
    why = "branch steps are not run by this release"
    old = {
        "format": 1,
        "steps": [
            {"type": "passed_over", "ref": "branch_1", "step_type": "branch", "why": why},
            {"type": "channel", "ref": "last"},
        ],
    }
    plan = Plan.read(old)
    assert walks(plan) == [["branch_1", "last"]]
    assert plan.model_dump(mode="json") == old


@pytest.mark.parametrize(
    "unknown",
    [
        {"format": FORMAT + 1, "steps": []},
        {"steps": []},
        {},
        {"format": FORMAT, "steps": [{"type": "nosuch", "ref": "a"}]},
    ],
)
def test_a_plan_of_another_format_is_refused(unknown: dict[str, Any]) -> None:
    with pytest.raises(PlanMismatch):
        Plan.read(unknown)
