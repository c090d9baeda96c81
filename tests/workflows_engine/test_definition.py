"""Workflows as their authors write them: what cannot be obeyed yet is refused by its name."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step, workflow
from workflows_engine.definition import WorkflowDefinition
from workflows_engine.plan import FORMAT, Plan
from workflows_engine.steps import STEP_TYPES

EVERY_STEP = [in_app_step(), email_step(), delay_step(), batch_step(), fetch_step(url="https://example.com")]
HOUR = {"unit": "hours", "value": 1}


def batch(**settings: Any) -> dict[str, Any]:
    return {"type": "batch", "ref": "batch_1", "settings": settings}


def mistakes(content: dict[str, Any]) -> list[str]:
    """Where the mistakes are; a workflow without one fails the test."""
    with pytest.raises(ValidationError) as refusal:
        WorkflowDefinition.model_validate(content)
    return [".".join(str(part) for part in error["loc"]) for error in refusal.value.errors()]


def test_every_step_type_can_be_written_and_planned_in_its_order() -> None:
    definition = WorkflowDefinition.model_validate(workflow(*EVERY_STEP))
    plan = definition.plan()
    assert [(step.type, step.ref) for step in plan.steps] == [(s["type"], s["ref"]) for s in EVERY_STEP]
    assert {step.type for step in plan.steps} == set(STEP_TYPES)


def test_a_plan_is_read_as_it_was_stored_and_holds_no_texts() -> None:
    plan = WorkflowDefinition.model_validate(workflow(*EVERY_STEP)).plan()
    stored = plan.model_dump(mode="json")
    assert Plan.read(stored) == plan
    assert stored["format"] == FORMAT
    assert [set(step) for step in stored["steps"]] == [{"type", "ref"}] * len(EVERY_STEP)


@pytest.mark.parametrize(
    "step_type",
    [
        "wait_for_event",
        "update_data",
        "update_object",
        "update_tenant",
        "update_user",
        "throttle",
        "branch",
        "random_cohort",
        "trigger_workflow",
        "ai_agent",
    ],
)
def test_a_step_type_of_a_later_release_is_refused_by_name(step_type: str) -> None:
    content = workflow({"type": step_type, "ref": "a", "settings": {}})
    assert mistakes(content) == ["steps.0"]
    with pytest.raises(ValidationError, match=step_type):
        WorkflowDefinition.model_validate(content)


@pytest.mark.parametrize("channel_type", ["sms", "push", "chat", "http", "in_app_guide"])
def test_a_channel_type_of_a_later_release_is_refused_by_name(channel_type: str) -> None:
    step = {"type": "channel", "ref": "a", "channel_type": channel_type, "channel_key": "a", "template": {}}
    with pytest.raises(ValidationError, match=channel_type):
        WorkflowDefinition.model_validate(workflow(step))


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (
            delay_step() | {"settings": {"delay_for": HOUR, "delay_until_field_path": "data.at"}},
            "delay_until_field_path",
        ),
        (batch(batch_window=HOUR, batch_window_type="sliding"), "batch_window_type"),
        (batch(batch_window=HOUR, batch_execution_mode="flush_leading"), "batch_execution_mode"),
        (batch(batch_window=HOUR, batch_until_field_path="data.at"), "batch_until_field_path"),
        (batch(batch_window=HOUR, batch_window_extension_limit=HOUR), "batch_window_extension_limit"),
        (batch(batch_window=HOUR, batch_items_max_limit=5), "batch_items_max_limit"),
        (batch(batch_window=HOUR, workflow_version_mode="latest"), "workflow_version_mode"),
        (batch(batch_window=HOUR, batch_items_render_limit=0), "batch_items_render_limit"),
        (batch(batch_window=HOUR, batch_items_render_limit=101), "batch_items_render_limit"),
        (batch(), "batch_window"),
        (batch(batch_window={"unit": "years", "value": 1}), "unit"),
        (batch(batch_window=HOUR, invented=1), "invented"),
        (fetch_step(url=""), "url"),
        (fetch_step(url="x", method="head"), "method"),
        (in_app_step(send_windows=[]), "send_windows"),
        (in_app_step(channel_group_key="a"), "channel_group_key"),
        (
            email_step(template={"subject": "a", "html_body": "b", "settings": {"layout_key": "c"}}),
            "layout_key",
        ),
        (email_step(channel_overrides={"json_overrides": "{}"}), "json_overrides"),
        (in_app_step(ref="no spaces"), "ref"),
        (
            in_app_step(
                conditions={"all": [{"variable": "data.a", "operator": "contains", "argument": "b"}]}
            ),
            "operator",
        ),
    ],
)
def test_a_setting_that_cannot_be_obeyed_is_refused_by_name(step: dict[str, Any], name: str) -> None:
    assert [where.rsplit(".", 1)[-1] for where in mistakes(workflow(step))] == [name]


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"trigger_frequency": "once_per_recipient"}, "trigger_frequency"),
        ({"trigger_data_json_schema": {}}, "trigger_data_json_schema"),
        ({"conditions": {"all": []}}, "conditions"),
        ({"goal_attachment": {"goal_key": "a"}}, "goal_attachment"),
        ({"settings": {"invented": True}}, "settings.invented"),
        ({"name": ""}, "name"),
        ({"name": "a" * 256}, "name"),
        ({"description": "a" * 281}, "description"),
    ],
)
def test_what_a_workflow_cannot_say_yet_is_refused_by_name(more: dict[str, Any], name: str) -> None:
    assert mistakes(workflow(**more) | more) == [name]


def test_two_steps_never_share_a_ref() -> None:
    with pytest.raises(ValidationError, match='two steps have the ref "in_app_1"'):
        WorkflowDefinition.model_validate(workflow(in_app_step(), in_app_step()))


@pytest.mark.parametrize(
    ("settings", "limit", "order"),
    [({}, 10, "asc"), ({"batch_items_render_limit": 100, "batch_order": "desc"}, 100, "desc")],
)
def test_what_a_batch_leaves_out_means_the_first_ten(
    settings: dict[str, Any], limit: int, order: str
) -> None:
    # E-BATCH-1, E-BATCH-2
    definition = WorkflowDefinition.model_validate(workflow(batch_step(**settings)))
    written = definition.step("batch_1").settings
    assert (written.render_limit, written.order) == (limit, order)
