"""One of every step that a workflow can hold, in the shape their authors write."""

from typing import Any

from tests.builders import batch_step, delay_step, fetch_step, in_app_step

HOUR = {"unit": "hours", "value": 1}
LEAF = {"variable": "data.a", "operator": "equal_to", "argument": "1"}
WHEN = {"all": [LEAF]}
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def step(step_type: str, ref: str = "a", **settings: Any) -> dict[str, Any]:
    return {"type": step_type, "ref": ref, "settings": settings}


def batch(**settings: Any) -> dict[str, Any]:
    return step("batch", "batch_1", **settings)


def branch(*branches: dict[str, Any], ref: str = "branch_1", **more: Any) -> dict[str, Any]:
    return {"type": "branch", "ref": ref, "branches": list(branches), **more}


def cohorts(*percentages: Any, ref: str = "cohort_1", **more: Any) -> dict[str, Any]:
    shares = [{"name": str(share), "percentage": share, "steps": []} for share in percentages]
    return {"type": "random_cohort", "ref": ref, "cohort_branches": shares, **more}


def channel(channel_type: str, template: Any = None, **more: Any) -> dict[str, Any]:
    base = {"type": "channel", "ref": channel_type, "channel_type": channel_type, "channel_key": "a"}
    return base | ({} if template is None else {"template": template}) | more


def wait(event: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return step("wait_for_event", "wait_1", event=event, **settings)


MATCH = [{"operator": "and", "conditions": [LEAF]}]
PAST_DEFAULT: dict[str, Any] = {"name": "rest", "conditions": None, "steps": []}
WINDOWS = [{"day": day, "type": "send", "from": "09:00", "until": 1020} for day in DAYS]
SMS = channel("sms", {"text_body": "hi"})
PUSH = channel("push", {"title": "a", "text_body": "b", "settings": {"delivery_type": "silent"}})
CHAT = channel("chat", {"markdown_body": "**hi**", "summary": "hi", "json_body": None})
WEBHOOK = channel(
    "http", {"method": "post", "url": "https://a.test", "headers": [{"key": "a", "value": "b"}]}
)
GUIDE = channel("in_app_guide", guide_key="tour")
BRANCH = branch({"conditions": WHEN, "terminates": True, "steps": [SMS]}, PAST_DEFAULT)
THROTTLE = step("throttle", throttle_limit=1, throttle_window=HOUR, throttle_key="{{ data.a }}")
TRIGGER = step("trigger_workflow", workflow_key="other", data="{{ data | json }}")
UPDATE = {"update_properties": "{}"}
WAITS = [
    wait(
        {"event_type": "message", "event_key": "read", "source_type": "guide", "source_key": "tour"},
        match_conditions=MATCH,
    ),
    wait({"event_type": "workflow", "event_key": "completed", "source_key": "other"}, match_conditions=MATCH),
    wait({"event_type": "integration_source", "event_key": "Paid", "integration_source_key": "segment"}),
    wait({"event_type": "audience", "event_key": "enter", "audience_key": "vip"}, expires_after=HOUR),
    wait({"event_type": "recipient"}, on_match="halt", on_timeout="continue", match_conditions=[]),
]
ONE_OF_EACH = [
    in_app_step(),
    delay_step(),
    batch_step(),
    fetch_step(url="https://example.com"),
    BRANCH,
    cohorts("33.3", 66.7),
    step("throttle", "throttle_1", throttle_limit=1, throttle_window_field_path="data.until"),
    step("trigger_workflow", "trigger_1", workflow_key="other"),
    step("update_audience", "audience_1", action="add", audience_key="vip"),
    step("update_data", "data_1", data='{"a": 1}'),
    step("update_object", "object_1", recipient_gid="gid://Object/projects/1", **UPDATE),
    step("update_tenant", "tenant_1", recipient_mode="current", recipient_gid=None, **UPDATE),
    step(
        "update_user", "user_1", recipient_mode="reference", recipient_gid="gid://Object/$users/1", **UPDATE
    ),
    WAITS[0],
    step("ai_agent", "agent_1", model="a:b", request_prompt="?", response_type="json", response_schema="{}"),
]
