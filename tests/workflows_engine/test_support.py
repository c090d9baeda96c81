"""What a workflow asks for and a run does not do is told."""

from typing import Any

import pytest

from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step, workflow
from tests.every_step import PAST_DEFAULT, WHEN, branch, cohorts
from workflows_engine.definition import WorkflowDefinition
from workflows_engine.support import unsupported

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
HOUR = {"unit": "hours", "value": 1}
FORKS = ["branch", "random_cohort"]
AUDIENCE = {"variable": "recipient", "operator": "is_audience_member", "argument": "vip"}
THROTTLE = {"type": "throttle", "ref": "a", "settings": {"throttle_limit": 1, "throttle_window": HOUR}}


def told(*steps: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    return unsupported(WorkflowDefinition.model_validate(workflow(*steps) | more))


def planned(*steps: dict[str, Any]) -> list[str]:
    return [step.type for step in WorkflowDefinition.model_validate(workflow(*steps)).plan().steps]


def test_nothing_is_told_of_what_is_run_whole() -> None:
    windows = [{"day": day, "type": "send"} for day in DAYS]
    steps = [in_app_step(send_windows=windows), email_step(), delay_step(), batch_step(), fetch_step(url="a")]
    forks = [branch(PAST_DEFAULT), cohorts(50, 50, cohort_key="data.a")]
    assert told(*steps, *forks) == []
    assert planned(*steps, *forks) == ["channel", "channel", "delay", "batch", "http_fetch", *FORKS]


def test_a_step_with_send_windows_is_told_and_left_to_its_run() -> None:
    step = in_app_step(send_windows=[{"day": day, "type": "send", "until": "17:00"} for day in DAYS])
    ((path, what),) = told(step)
    assert (path, "skipped" in what) == ("steps[0].send_windows", True)
    assert planned(step) == ["channel"]


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (
            batch_step(batch_window_type="sliding", batch_window_extension_limit=HOUR),
            "settings.batch_window_type",
        ),
        (batch_step(batch_until_field_path="data.at"), "settings.batch_until_field_path"),
        (batch_step(batch_items_max_limit=5), "settings.batch_items_max_limit"),
        (batch_step(batch_execution_mode="flush_leading"), "settings.batch_execution_mode"),
        (
            delay_step() | {"settings": {"delay_until_field_path": "data.at"}},
            "settings.delay_until_field_path",
        ),
        (THROTTLE, "type"),
    ],
)
def test_a_step_that_asks_for_what_is_not_built_is_passed_over(step: dict[str, Any], path: str) -> None:
    found = told(step)
    assert found[0][0] == f"steps[0].{path}"
    assert found[0][1].endswith("by this release; runs pass over the step")
    assert planned(step) == ["passed_over"]


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (batch_step(workflow_version_mode="latest"), "settings.workflow_version_mode"),
        (in_app_step(channel_key=None, channel_group_key="a"), "channel_group_key"),
        (in_app_step(conditions={"all": [AUDIENCE]}), "conditions.all[0]"),
        (in_app_step(conditions={"any": [{"all": [AUDIENCE]}]}), "conditions.any[0].all[0]"),
        (email_step(channel_overrides={"open_tracking": True}), "channel_overrides.open_tracking"),
        (email_step(channel_overrides={"json_overrides": "{}"}), "channel_overrides.json_overrides"),
    ],
)
def test_a_step_that_runs_without_something_says_so(step: dict[str, Any], path: str) -> None:
    assert [where for where, _ in told(step)] == [f"steps[0].{path}"]
    assert planned(step) != ["passed_over"]


def test_what_branches_ask_for_is_told_where_it_stands_however_deep() -> None:
    asked = {"conditions": {"any": [{"all": [AUDIENCE]}]}, "steps": [THROTTLE]}
    found = told(branch({"conditions": WHEN, "steps": [branch(asked, PAST_DEFAULT)]}, PAST_DEFAULT, ref="b"))

    inner = "steps[0].branches[0].steps[0].branches[0]"
    assert found == [
        (
            f"{inner}.conditions.any[0].all[0]",
            "conditions on audience membership are not judged by this release; "
            "where they decide, no branch is taken and the run goes on after the step",
        ),
        (f"{inner}.steps[0].type", "throttle steps are not run by this release; runs pass over the step"),
    ]


def test_what_a_workflow_asks_for_as_a_whole_is_told() -> None:
    obeyed = {"trigger_frequency": "once_per_recipient", "trigger_data_json_schema": {"type": "object"}}
    more = {"goal_attachment": {"goal_key": "a"}}
    assert [path for path, _ in told(**more, **obeyed)] == list(more)
