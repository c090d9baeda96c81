"""What a workflow asks for and a run does not do is told."""

from typing import Any

import pytest

from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step, workflow
from workflows_engine.definition import WorkflowDefinition
from workflows_engine.support import unsupported

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
HOUR = {"unit": "hours", "value": 1}
AUDIENCE = {"variable": "recipient", "operator": "is_audience_member", "argument": "vip"}
BRANCH = {
    "type": "branch",
    "ref": "branch_1",
    "branches": [{"steps": [in_app_step(channel_overrides={"link_tracking": True})]}],
}


def told(*steps: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    return unsupported(WorkflowDefinition.model_validate(workflow(*steps) | more))


def planned(*steps: dict[str, Any]) -> list[str]:
    return [step.type for step in WorkflowDefinition.model_validate(workflow(*steps)).plan().steps]


def test_nothing_is_told_of_what_is_run_whole() -> None:
    windows = [{"day": day, "type": "send"} for day in DAYS]
    steps = [in_app_step(send_windows=windows), email_step(), delay_step(), batch_step(), fetch_step(url="a")]
    assert told(*steps) == []
    assert planned(*steps) == ["channel", "channel", "delay", "batch", "http_fetch"]


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
        (
            in_app_step(send_windows=[{"day": day, "type": "send", "until": "17:00"} for day in DAYS]),
            "send_windows",
        ),
        (BRANCH, "type"),
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


def test_what_is_inside_a_step_that_is_passed_over_is_told_once() -> None:
    assert told(BRANCH)[1:] == [
        ("steps[0].branches[0].steps[0]", "is not run: the step around it is passed over")
    ]


def test_what_a_workflow_asks_for_as_a_whole_is_told() -> None:
    more = {
        "conditions": {"all": [AUDIENCE]},
        "trigger_frequency": "once_per_recipient",
        "trigger_data_json_schema": {"type": "object"},
        "goal_attachment": {"goal_key": "a"},
    }
    assert [path for path, _ in told(**more)] == list(more)
