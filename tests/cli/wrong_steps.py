"""Steps that break a rule, each with what a push is told of it."""

from typing import Any

from tests.builders import batch_step, in_app_step
from tests.every_step import DAYS, PAST_DEFAULT, WHEN, branch, cohorts, step


def nested(depth: int) -> dict[str, Any]:
    inner = [nested(depth - 1)] if depth else []
    return branch({"steps": inner}, ref=f"level_{depth}")


WRONG = [
    (step("teleport"), '"teleport" is unknown'),
    (branch({"conditions": WHEN, "steps": []}), "the last branch is the default"),
    (branch(*[{"conditions": WHEN}] * 10, PAST_DEFAULT), "at most 10 items"),
    (nested(5), "nested more than 5 branches deep"),
    (cohorts(50, 49), "sum to 100, these to 99"),
    (batch_step(batch_window_type="sliding"), "a sliding window needs batch_window_extension_limit"),
    (in_app_step(body="{{ a | nosuch }}"), "unknown filter 'nosuch'"),
    (in_app_step(send_windows=[{"day": day, "type": "do_not_send"} for day in DAYS]), "send_windows"),
    (in_app_step(channel_key="email"), 'the channel "email" is of type email'),
    (step("update_audience", action="join", audience_key="a"), "action"),
    (step("update_object", recipient_gid="ships/1", update_properties="{}"), "a global id is gid://"),
    (step("update_data", data="{% if %}"), "Liquid error in line 1"),
    (step("ai_agent", model="gpt", request_prompt="?", response_type="text"), "settings.model"),
]
