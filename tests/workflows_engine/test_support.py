"""What a workflow asks for and a run does not do is told."""

from typing import Any

import pytest

from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step, workflow
from tests.every_step import PAST_DEFAULT, WHEN, branch, cohorts
from workflows_engine.definition import WorkflowDefinition
from workflows_engine.support import unsupported

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
FORKS = ["branch", "random_cohort"]


def told(*steps: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    return unsupported(WorkflowDefinition.model_validate(workflow(*steps) | more))


def planned(*steps: dict[str, Any]) -> list[str]:
    return [step.type for step in WorkflowDefinition.model_validate(workflow(*steps)).plan().steps]


def test_nothing_is_told_of_what_is_run_whole() -> None:
    windows = [{"day": day, "type": "send", "until": "17:00"} for day in DAYS]
    steps = [in_app_step(send_windows=windows), email_step(), delay_step(), batch_step(), fetch_step(url="a")]
    forks = [branch(PAST_DEFAULT), cohorts(50, 50, cohort_key="data.a")]
    assert told(*steps, *forks) == []
    assert planned(*steps, *forks) == ["channel", "channel", "delay", "batch", "http_fetch", *FORKS]


@pytest.mark.parametrize(
    ("step", "path"),
    [
        (email_step(channel_overrides={"open_tracking": True}), "channel_overrides.open_tracking"),
        (email_step(channel_overrides={"json_overrides": "{}"}), "channel_overrides.json_overrides"),
    ],
)
def test_a_step_that_runs_without_something_says_so(step: dict[str, Any], path: str) -> None:
    assert [where for where, _ in told(step)] == [f"steps[0].{path}"]
    assert planned(step) == ["channel"]


def test_what_branches_ask_for_is_told_where_it_stands_however_deep() -> None:
    asked = {"conditions": WHEN, "steps": [email_step(channel_overrides={"open_tracking": True})]}
    found = told(branch({"conditions": WHEN, "steps": [branch(asked, PAST_DEFAULT)]}, PAST_DEFAULT, ref="b"))

    inner = "steps[0].branches[0].steps[0].branches[0]"
    assert found == [
        (
            f"{inner}.steps[0].channel_overrides.open_tracking",
            "opens and links are not tracked by this release",
        )
    ]


def test_what_a_workflow_asks_for_as_a_whole_is_told() -> None:
    obeyed = {"trigger_frequency": "once_per_recipient", "trigger_data_json_schema": {"type": "object"}}
    more = {"goal_attachment": {"goal_key": "a"}}
    assert [path for path, _ in told(**more, **obeyed)] == list(more)
