"""Workflows as their authors write them: everything the contract has is read, and mistakes are named."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step, workflow
from tests.every_step import (
    BRANCH,
    CHAT,
    GUIDE,
    HOUR,
    LEAF,
    ONE_OF_EACH,
    PAST_DEFAULT,
    PUSH,
    SMS,
    THROTTLE,
    TRIGGER,
    WAITS,
    WEBHOOK,
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
from workflows_engine.plan import FORMAT, Plan
from workflows_engine.steps import PLANNED_TYPES, STEP_TYPES, UNION_TAGS


def read(*steps: dict[str, Any], **more: Any) -> WorkflowDefinition:
    return WorkflowDefinition.model_validate(workflow(*steps) | more)


@pytest.mark.rule("E-SHAPE-2", "E-SHAPE-4", "E-AIAGENT-1", "E-TRIGGERWF-1", "E-UPDATE-1")
def test_every_step_type_can_be_written_and_planned_in_its_order() -> None:
    plan = read(*ONE_OF_EACH).plan()
    assert [step["type"] for step in ONE_OF_EACH] == STEP_TYPES
    inside = SMS["ref"]
    entries = [step for step in plan.steps if step.ref != inside]
    assert [step.ref for step in entries] == [step["ref"] for step in ONE_OF_EACH]
    assert [step.type for step in entries] == STEP_TYPES
    assert {*STEP_TYPES, "passed_over"} == set(PLANNED_TYPES)


def test_a_plan_is_read_as_it_was_stored_and_holds_no_texts_of_its_author() -> None:
    plan = read(*ONE_OF_EACH).plan()
    stored = plan.model_dump(mode="json")
    assert Plan.read(stored) == plan
    assert stored["format"] == FORMAT
    for entry in stored["steps"]:
        assert set(entry) <= {"type", "ref", "then", "targets"}


@pytest.mark.parametrize(
    "written",
    [
        *(email_step(), SMS, PUSH, CHAT, WEBHOOK, GUIDE, *WAITS),
        channel("chat", {"json_body": "{}"}),
        channel("email", {"subject": "a", "visual_blocks": [], "settings": {}}),
        channel(
            "email",
            {"subject": "a", "html_body": "<mjml>", "is_mjml": True, "settings": {"pre_content": "a"}},
        ),
        email_step(
            channel_overrides={"json_overrides": "{}", "open_tracking": True, "to_address": "a@b.test"}
        ),
        channel("push", PUSH["template"], channel_overrides={"token_deregistration": True}),
        channel("chat", CHAT["template"], channel_overrides={"email_based_user_id_resolution": False}),
        in_app_step(channel_key=None, channel_group_key="group"),
        in_app_step(send_windows=WINDOWS),
        in_app_step(send_windows=[]),
        in_app_step(name=None, description=None, conditions=None, send_windows=None, channel_group_key=None),
        in_app_step(conditions={}),
        in_app_step(conditions={"any": [{"all": [LEAF, LEAF]}, LEAF]}),
        delay_step() | {"settings": {"delay_for": None, "delay_until_field_path": "data.at"}},
        delay_step() | {"settings": {"delay_for": HOUR, "delay_until_field_path": "data.at"}},
        batch(batch_window=HOUR, batch_window_type="sliding", batch_window_extension_limit=HOUR),
        batch(batch_window=None, batch_until_field_path="data.at", batch_execution_mode="flush_leading"),
        batch(batch_window=HOUR, batch_items_max_limit=5, batch_order="desc", workflow_version_mode="latest"),
        batch(batch_window=HOUR, **dict.fromkeys(["batch_key", "batch_order", "batch_items_max_limit"])),
        fetch_step(url="x", headers="{}", query_params=[{"key": "a", "value": "b"}]),
        branch(PAST_DEFAULT),
        branch({"conditions": WHEN, "steps": [branch(PAST_DEFAULT, ref="inner")]}, {"conditions": {}}),
        cohorts(50, "50", conditions=None, cohort_key="{{ data.key }}"),
        THROTTLE,
        TRIGGER,
    ],
)
def test_what_the_contract_allows_is_read(written: dict[str, Any]) -> None:
    assert read(written).step(written["ref"]).type == written["type"]


@pytest.mark.parametrize(
    "more",
    [
        {"trigger_frequency": "once_per_recipient"},
        {"trigger_frequency": "once_per_recipient_per_tenant"},
        {"trigger_data_json_schema": {"type": "object", "required": ["a"]}},
        {"trigger_data_json_schema": {}},
        {"conditions": WHEN},
        {"conditions": None, "goal_attachment": None, "trigger_data_json_schema": None, "description": None},
        {"goal_attachment": {"goal_key": "a", "attribution_window_days": 30}},
        {"categories": [], "tags": ["a"], "settings": {"is_commercial": True, "override_preferences": False}},
    ],
)
def test_what_the_contract_allows_of_a_workflow_is_read(more: dict[str, Any]) -> None:
    assert read(in_app_step(), **more).name == "A workflow"


def test_two_steps_never_share_a_ref_however_deep() -> None:
    with pytest.raises(ValidationError, match=r'ref "in_app_1", steps\[0\] and steps\[1\];'):
        read(in_app_step(), in_app_step())
    with pytest.raises(
        ValidationError, match=r'ref "sms", steps\[0\]\.branches\[0\]\.steps\[0\] and steps\[1\];'
    ):
        read(BRANCH, SMS)


@pytest.mark.rule("E-BRANCH-4", "E-EXPERIMENT-1", "E-LIMITS-10", "E-LIMITS-11")
@pytest.mark.parametrize("fork", [branch, cohorts])
def test_branches_and_cohorts_nest_five_deep_and_no_deeper(fork: Any) -> None:
    def nested(depth: int) -> dict[str, Any]:
        inner = [nested(depth - 1)] if depth else [in_app_step()]
        if fork is branch:
            forked: dict[str, Any] = branch({"steps": inner}, ref=f"level_{depth}")
            return forked
        made: dict[str, Any] = cohorts(50, 50, ref=f"level_{depth}")
        made["cohort_branches"][0]["steps"] = inner
        return made

    assert read(nested(4)).step("in_app_1").type == "channel"
    with pytest.raises(ValidationError, match="more than 5 branches deep"):
        read(nested(5))


def test_an_agents_answer_must_have_a_schema_that_is_one() -> None:
    schema = '{"type": "objekt"}'
    agent = step("ai_agent", model="a:b", request_prompt="b", response_type="json", response_schema=schema)
    with pytest.raises(ValidationError, match=r"steps\[0\].settings.response_schema: not a JSON schema"):
        read(agent)


@pytest.mark.parametrize(
    ("template", "channel_type"),
    [
        ({"subject": "a", "html_body": "b", "text_body": "c"}, "email"),
        ({"markdown_body": "a", "action_url": "b"}, "in_app_feed"),
        ({"markdown_body": "a", "summary": "b"}, "chat"),
        ({"text_body": "a"}, "sms"),
        (PUSH["template"], "push"),
        (WEBHOOK["template"], "http"),
    ],
)
def test_a_channel_type_that_is_left_out_is_told_by_the_template(template: Any, channel_type: str) -> None:
    written = {"type": "channel", "ref": "a", "channel_key": "b", "template": template}
    assert read(branch({"steps": [written]})).step("a").channel_type == channel_type


def test_every_template_is_told_by_its_path_however_deep() -> None:
    blocks = [
        {"type": "html", "content": "h"},
        {"type": "markdown", "content": "m"},
        {"type": "image", "url": "i", "alt": "t", "action": "c"},
        {"type": "button_set", "buttons": [{"label": "l", "action": "a", "variant": "solid"}]},
        {"type": "partial", "key": "p", "name": "P", "attrs": {"title": "x", "count": 2}},
        {"type": "divider", "layout_attrs": {"padding_top": 4}},
    ]
    template = {"subject": "s", "visual_blocks": blocks, "settings": {"pre_content": "pre"}}
    mail = email_step(template=template, channel_overrides={"reply_to_address": "r", "json_overrides": "j"})
    definition = read(branch({"steps": [mail, WEBHOOK]}), cohorts(50, 50, cohort_key="{{ k }}"))
    mail_path, hook_path = "steps[0].branches[0].steps[0]", "steps[0].branches[0].steps[1]"
    assert definition.templates() == {
        f"{mail_path}.template.subject": "s",
        f"{mail_path}.template.settings.pre_content": "pre",
        f"{mail_path}.template.visual_blocks[0].content": "h",
        f"{mail_path}.template.visual_blocks[1].content": "m",
        f"{mail_path}.template.visual_blocks[2].url": "i",
        f"{mail_path}.template.visual_blocks[2].alt": "t",
        f"{mail_path}.template.visual_blocks[2].action": "c",
        f"{mail_path}.template.visual_blocks[3].buttons[0].label": "l",
        f"{mail_path}.template.visual_blocks[3].buttons[0].action": "a",
        f"{mail_path}.template.visual_blocks[4].attrs.title": "x",
        f"{mail_path}.channel_overrides.reply_to_address": "r",
        f"{mail_path}.channel_overrides.json_overrides": "j",
        f"{hook_path}.template.url": "https://a.test",
        f"{hook_path}.template.headers[0].key": "a",
        f"{hook_path}.template.headers[0].value": "b",
        "steps[1].cohort_key": "{{ k }}",
    }


def test_everything_that_a_workflow_names_is_told_with_its_path() -> None:
    template = {"subject": "s", "visual_blocks": [{"type": "partial", "key": "p", "name": "P", "attrs": {}}]}
    mail = email_step(template=template | {"settings": {"layout_key": "default"}})
    group = in_app_step(channel_key=None, channel_group_key="group")
    definition = read(branch({"steps": [mail]}), group, GUIDE, TRIGGER, goal_attachment={"goal_key": "goal"})
    found = [(one.kind, one.key, one.path, one.channel_type) for one in definition.references()]
    inner = "steps[0].branches[0].steps[0]"
    assert found == [
        ("channel", "email", f"{inner}.channel_key", "email"),
        ("email_layout", "default", f"{inner}.template.settings.layout_key", None),
        ("partial", "p", f"{inner}.template.visual_blocks[0].key", None),
        ("channel_group", "group", "steps[1].channel_group_key", "in_app_feed"),
        ("channel", "a", "steps[2].channel_key", "in_app_guide"),
        ("guide", "tour", "steps[2].guide_key", None),
        ("workflow", "other", "steps[3].settings.workflow_key", None),
        ("goal", "goal", "goal_attachment.goal_key", None),
    ]


@pytest.mark.parametrize("wait_step", WAITS[:4])
def test_what_a_wait_listens_to_is_a_reference(wait_step: dict[str, Any]) -> None:
    event = wait_step["settings"]["event"]
    [found] = read(wait_step).references()
    assert found.key in event.values()
    assert found.kind in ("guide", "workflow", "source", "audience")


def test_a_workflow_whose_key_is_a_template_is_no_reference() -> None:
    assert read(step("trigger_workflow", workflow_key="{{ data.key }}")).references() == []


def test_every_tag_that_a_mistakes_path_may_hold_is_listed() -> None:
    assert {"channel", "email", "http_fetch", "html", "Condition"} <= UNION_TAGS


@pytest.mark.rule("E-LIMITS-15")
@pytest.mark.parametrize(
    ("settings", "limit", "order"),
    [({}, 10, "asc"), ({"batch_items_render_limit": 100, "batch_order": "desc"}, 100, "desc")],
)
def test_what_a_batch_leaves_out_means_the_first_ten(
    settings: dict[str, Any], limit: int, order: str
) -> None:
    # E-BATCH-1, E-BATCH-2
    written = read(batch_step(**settings)).step("batch_1").settings
    assert (written.render_limit, written.order) == (limit, order)


@pytest.mark.rule("E-SHAPE-1")
@pytest.mark.parametrize("written", ONE_OF_EACH, ids=lambda one: one["type"])
def test_conditions_stand_on_every_step_but_forks(written: dict[str, Any]) -> None:
    with_conditions = written | {"conditions": WHEN}
    if written["type"] in ("branch", "random_cohort"):
        with pytest.raises(ValidationError, match="conditions"):
            read(with_conditions)
    else:
        assert read(with_conditions).step(written["ref"]).conditions is not None


@pytest.mark.rule("E-SHAPE-3")
@pytest.mark.parametrize("unit", ["seconds", "minutes", "hours", "days", "weeks", "months"])
def test_every_step_with_a_duration_takes_all_six_units(unit: str) -> None:
    one = {"unit": unit, "value": 1}
    steps = [
        step("delay", "a", delay_for=one),
        batch(batch_window=one),
        step("throttle", "b", throttle_limit=1, throttle_window=one),
        wait({"event_type": "recipient"}, expires_after=one),
    ]
    months = unit == "months"
    for written in steps:
        if months and written["type"] in ("throttle", "wait_for_event"):
            continue  # Longer than these may be.
        assert read(written).step(written["ref"]).type == written["type"]


@pytest.mark.rule("E-BRANCH-4", "E-LIMITS-10")
def test_ten_branches_with_the_default_are_allowed() -> None:
    ways = [{"name": str(n), "conditions": WHEN} for n in range(9)]
    assert len(read(branch(*ways, PAST_DEFAULT)).step("branch_1").branches) == 10


@pytest.mark.rule("E-EXPERIMENT-1", "E-LIMITS-11")
@pytest.mark.parametrize("shares", [(0, 100), (99.9, 0.1), ("33.3", 33.3, "33.4"), [10] * 10])
def test_two_to_ten_cohorts_with_one_decimal_place_sum_to_a_hundred(shares: Any) -> None:
    assert sum(one.share for one in read(cohorts(*shares)).step("cohort_1").cohort_branches) == 100
