"""Mistakes in workflows are told by their place."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.builders import email_step, fetch_step, in_app_step, workflow
from tests.every_step import (
    DAYS,
    GUIDE,
    HOUR,
    LEAF,
    PAST_DEFAULT,
    UPDATE,
    WHEN,
    WINDOWS,
    batch,
    branch,
    channel,
    cohorts,
    step,
    wait,
)
from workflows_engine.definition import WorkflowDefinition


def agent(**settings: Any) -> dict[str, Any]:
    return step("ai_agent", **{"model": "a:b", "request_prompt": "c", "response_type": "text"} | settings)


def mistakes(content: dict[str, Any]) -> list[str]:
    """Where the mistakes are; a workflow without one fails the test."""
    with pytest.raises(ValidationError) as refusal:
        WorkflowDefinition.model_validate(content)
    return [".".join(str(part) for part in error["loc"]) for error in refusal.value.errors()]


@pytest.mark.rule(
    "E-BRANCH-2",
    "E-BRANCH-4",
    "E-EXPERIMENT-1",
    "E-AIAGENT-1",
    "E-AIAGENT-4",
    "E-SHAPE-1",
    "E-SHAPE-2",
    "E-SHAPE-5",
    "E-THROTTLE-8",
    "E-FETCH-1",
    "E-UPDATE-1",
    "E-LIMITS-10",
    "E-LIMITS-11",
    "E-LIMITS-13",
    "E-LIMITS-18",
)
@pytest.mark.parametrize(
    ("written", "where"),
    [
        (step("teleport"), "steps.0"),
        (channel("pigeon", {}), "steps.0.channel"),
        (in_app_step(ref="no spaces"), "steps.0.channel.in_app_feed.ref"),
        (in_app_step(channel_group_key="a"), "steps.0.channel.in_app_feed"),
        (in_app_step(channel_key=None), "steps.0.channel.in_app_feed"),
        (in_app_step(invented=1), "steps.0.channel.in_app_feed.invented"),
        (in_app_step(send_windows=WINDOWS[:6]), "steps.0.channel.in_app_feed.send_windows"),
        (
            in_app_step(send_windows=[{"day": day, "type": "do_not_send"} for day in DAYS]),
            "steps.0.channel.in_app_feed.send_windows",
        ),
        (
            in_app_step(send_windows=[{**WINDOWS[0], "until": "08:00"}, *WINDOWS[1:]]),
            "steps.0.channel.in_app_feed.send_windows.0",
        ),
        (
            in_app_step(send_windows=[{**WINDOWS[0], "from": "nine"}, *WINDOWS[1:]]),
            "steps.0.channel.in_app_feed.send_windows.0.from",
        ),
        (
            in_app_step(conditions={"all": [{**LEAF, "operator": "resembles"}]}),
            "steps.0.channel.in_app_feed.conditions.all.0.operator",
        ),
        (channel("email", {"subject": "a"}), "steps.0.channel.email.template"),
        (
            channel("email", {"subject": "a", "html_body": "b", "visual_blocks": [{"type": "divider"}]}),
            "steps.0.channel.email.template",
        ),
        (
            channel("email", {"subject": "a", "visual_blocks": [{"type": "carousel"}]}),
            "steps.0.channel.email.template.visual_blocks.0",
        ),
        (
            channel("email", {"subject": "a", "visual_blocks": [{"type": "html"}]}),
            "steps.0.channel.email.template.visual_blocks.0.html.content",
        ),
        (
            email_step(channel_overrides={"link_tracking": "perhaps"}),
            "steps.0.channel.email.channel_overrides.link_tracking",
        ),
        (channel("sms", {}), "steps.0.channel.sms.template.text_body"),
        (channel("push", {"title": "a", "text_body": "b"}), "steps.0.channel.push.template.settings"),
        (channel("chat", {"summary": "a"}), "steps.0.channel.chat.template"),
        (channel("http", {"method": "head", "url": "a"}), "steps.0.channel.http.template.method"),
        (channel("http", {"method": "get", "url": ""}), "steps.0.channel.http.template.url"),
        (GUIDE | {"template": {}}, "steps.0.channel.in_app_guide.template"),
        (step("delay"), "steps.0.delay.settings"),
        (batch(), "steps.0.batch.settings"),
        (batch(batch_window=HOUR, batch_window_type="sliding"), "steps.0.batch.settings"),
        (
            batch(batch_window=HOUR, batch_items_render_limit=0),
            "steps.0.batch.settings.batch_items_render_limit",
        ),
        (
            batch(batch_window=HOUR, batch_items_render_limit=101),
            "steps.0.batch.settings.batch_items_render_limit",
        ),
        (batch(batch_window={"unit": "years", "value": 1}), "steps.0.batch.settings.batch_window.unit"),
        (batch(batch_window=HOUR, invented=1), "steps.0.batch.settings.invented"),
        (fetch_step(url=""), "steps.0.http_fetch.settings.url"),
        (fetch_step(url="x", method="head"), "steps.0.http_fetch.settings.method"),
        (
            step("throttle", throttle_limit=0, throttle_window=HOUR),
            "steps.0.throttle.settings.throttle_limit",
        ),
        (step("throttle", throttle_limit=1), "steps.0.throttle.settings"),
        (step("throttle", throttle_window={"unit": "days", "value": 32}), "steps.0.throttle.settings"),
        (branch(), "steps.0.branch.branches"),
        (branch({"conditions": WHEN}), "steps.0.branch"),
        (branch(PAST_DEFAULT, PAST_DEFAULT), "steps.0.branch"),
        (branch(*[{"conditions": WHEN}] * 10, PAST_DEFAULT), "steps.0.branch.branches"),
        (branch(PAST_DEFAULT, conditions=WHEN), "steps.0.branch.conditions"),
        (
            branch({"steps": [channel("sms", {})]}),
            "steps.0.branch.branches.0.steps.0.channel.sms.template.text_body",
        ),
        (cohorts(100), "steps.0.random_cohort.cohort_branches"),
        (cohorts(50, 49), "steps.0.random_cohort"),
        (cohorts(33.33, 66.67), "steps.0.random_cohort.cohort_branches.0.percentage"),
        (cohorts(101, -1), "steps.0.random_cohort.cohort_branches.0.percentage"),
        (cohorts("half", 50), "steps.0.random_cohort.cohort_branches.0.percentage"),
        (cohorts(*[10] * 11), "steps.0.random_cohort.cohort_branches"),
        (step("trigger_workflow", recipients="a"), "steps.0.trigger_workflow.settings.workflow_key"),
        (step("update_data"), "steps.0.update_data.settings.data"),
        (step("update_data", data=""), "steps.0.update_data.settings.data"),
        (step("update_audience", audience_key="a"), "steps.0.update_audience.settings.action"),
        (step("update_audience", action="add"), "steps.0.update_audience.settings.audience_key"),
        (step("update_audience", action="join", audience_key="a"), "steps.0.update_audience.settings.action"),
        (step("update_object", recipient_gid="ships/1", **UPDATE), "steps.0.update_object"),
        (step("update_object", recipient_gid="gid://Object/$users/1", **UPDATE), "steps.0.update_object"),
        (
            step("update_user", recipient_mode="reference", recipient_gid="gid://Object/ships/1", **UPDATE),
            "steps.0.update_user",
        ),
        (
            step(
                "update_tenant", recipient_mode="reference", recipient_gid="gid://Object/$users/1", **UPDATE
            ),
            "steps.0.update_tenant",
        ),
        (step("update_object", **UPDATE), "steps.0.update_object.settings.recipient_gid"),
        (step("update_user", recipient_mode="reference", **UPDATE), "steps.0.update_user.settings"),
        (
            step("update_tenant", recipient_mode="other", **UPDATE),
            "steps.0.update_tenant.settings.recipient_mode",
        ),
        (agent(model="gpt"), "steps.0.ai_agent.settings.model"),
        (agent(request_prompt=""), "steps.0.ai_agent.settings.request_prompt"),
        (agent(response_type="xml"), "steps.0.ai_agent.settings.response_type"),
        (agent(response_type="json"), "steps.0.ai_agent.settings"),
        (agent(response_type="json", response_schema="[]"), "steps.0.ai_agent.settings"),
        (agent(response_schema='{"type": "object"}'), "steps.0.ai_agent.settings"),
        (agent(model="openai:a", web_search_enabled=True), "steps.0.ai_agent.settings"),
        (fetch_step(url="x", response_path=""), "steps.0.http_fetch.settings.response_path"),
        (fetch_step(url="x", response_path="a..b"), "steps.0.http_fetch.settings.response_path"),
        (fetch_step(url="x", sign_request="perhaps"), "steps.0.http_fetch.settings.sign_request"),
        (
            batch(batch_window=HOUR, batch_items_max_limit=1001),
            "steps.0.batch.settings.batch_items_max_limit",
        ),
        (batch(batch_window=HOUR, batch_items_max_limit=1), "steps.0.batch.settings.batch_items_max_limit"),
        (wait({"event_type": "message", "event_key": "read"}), "steps.0.wait_for_event.settings.event"),
        (
            wait({"event_type": "audience", "event_key": "left", "audience_key": "a"}),
            "steps.0.wait_for_event.settings.event",
        ),
        (wait({"event_type": "recipient", "audience_key": "a"}), "steps.0.wait_for_event.settings.event"),
        (
            wait({"event_type": "workflow", "event_key": "started", "source_key": "a"}),
            "steps.0.wait_for_event.settings",
        ),
        (
            wait({"event_type": "recipient"}, expires_after={"unit": "days", "value": 31}),
            "steps.0.wait_for_event.settings",
        ),
    ],
)
def test_a_mistake_is_told_by_its_place(written: dict[str, Any], where: str) -> None:
    assert mistakes(workflow(written))[:1] == [where]


@pytest.mark.rule("E-LIMITS-8")
@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"trigger_frequency": "sometimes"}, "trigger_frequency"),
        ({"trigger_data_json_schema": {"type": "objekt"}}, "trigger_data_json_schema"),
        ({"trigger_data_json_schema": [1]}, "trigger_data_json_schema"),
        (
            {"goal_attachment": {"goal_key": "a", "attribution_window_days": 31}},
            "goal_attachment.attribution_window_days",
        ),
        ({"settings": {"invented": True}}, "settings.invented"),
        ({"invented": True}, "invented"),
        ({"name": ""}, "name"),
        ({"name": "a" * 256}, "name"),
        ({"description": "a" * 281}, "description"),
    ],
)
def test_a_mistake_of_the_workflow_is_told_by_its_name(more: dict[str, Any], name: str) -> None:
    assert mistakes(workflow() | more) == [name]
