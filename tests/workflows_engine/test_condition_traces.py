"""What the traces of conditions tell, and what not."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.values.conditions import ConditionGroup
from workflows_engine.conditions import Grounds, judge

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def leaf(variable: str, operator: str, argument: Any = None) -> dict[str, Any]:
    return {"variable": variable, "operator": operator, "argument": argument}


@pytest.mark.rule("E-COND-29")
def test_the_trace_says_why_a_leaf_was_not_judged() -> None:
    group = {"all": [leaf("data.x", "exists", None), leaf("data.y", "exists", None)]}
    grounds = Grounds(
        {"data": {}}, NOW, unjudged=lambda one: "a secret" if one.variable == "data.x" else None
    )
    said = judge(ConditionGroup.model_validate(group), grounds)
    assert (said.holds, said.unjudged) == (False, None)
    told = {"variable": "data.x", "operator": "exists", "result": "not judged", "reason": "a secret"}
    assert said.trace[0] == told


@pytest.mark.rule("E-DEBUG-4")
@pytest.mark.parametrize(
    ("variable", "argument", "shown"),
    [
        ("recipient.channel_data.push", "data.key", ("[REDACTED]", "k")),
        ("data.key", "recipient.channel_data.push", ("k", "[REDACTED]")),
        ("data.key", "{{ recipient.channel_data.push }}", ("k", "[REDACTED]")),
        ("data.key", "{{ recipient['channel_data'].push }}", ("k", "[REDACTED]")),
        ("data.key", "{{ data.key }}", ("k", "k")),
        ("data.channel_data", "channel_data", ("[REDACTED]", "channel_data")),
        ("recipient.channel_data.sms", "5", ("", 5)),
    ],
)
def test_a_trace_shows_no_channel_data(variable: str, argument: str, shown: tuple[Any, Any]) -> None:
    scope = {
        "recipient": {"channel_data": {"push": "t0k3n"}},
        "data": {"key": "k", "channel_data": ["t0k3n"]},
    }
    asked = ConditionGroup.model_validate({"all": [leaf(variable, "is_timestamp_before", argument)]})
    grounds = Grounds(scope, NOW, render=lambda source: "t0k3n" if "channel_data" in source else "k")
    (line,) = judge(asked, grounds).trace
    assert (line["variable_value"], line["argument_value"]) == shown


@pytest.mark.rule("E-DEBUG-4")
def test_a_list_that_names_channel_data_is_not_shown() -> None:
    scope = {"recipient": {"channel_data": {"push": "2026-01-01"}}, "data": {"at": "2026-02-01"}}
    argument = ["recipient.channel_data.push", "2026-03-01"]
    asked = leaf("data.at", "is_timestamp_between", argument)
    (line,) = judge(ConditionGroup.model_validate({"all": [asked]}), Grounds(scope, NOW)).trace
    assert (line["result"], line["argument_value"]) == (True, "[REDACTED]")
