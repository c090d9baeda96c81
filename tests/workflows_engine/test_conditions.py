"""Judging conditions."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from models.values.conditions import ConditionGroup, Operator
from workflows_engine.conditions import PREFIXES, Grounds, Judgement, judge, operand, resolve
from workflows_engine.operators import ABSENT, OPERATORS, equal

SCOPE: dict[str, Any] = {
    "data": {
        "flag": True,
        "text": "true",
        "n": 1,
        "half": 0.5,
        "zero": 0,
        "nothing": None,
        "list": [1, {"a": 2}],
        "deep": {"a": {"b": "c"}},
        "plan": "pro",
        "dotted.key": "unreachable",
    },
    "recipient": {"id": "ada", "plan": "pro"},
    "actor": None,
    "vars": {"flag": True},
    "run": {"total_activities": 3},
}
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def leaf(variable: str, operator: str, argument: Any = None) -> dict[str, Any]:
    return {"variable": variable, "operator": operator, "argument": argument}


def judgement(group: dict[str, Any] | None, scope: dict[str, Any] = SCOPE) -> Judgement:
    read = None if group is None else ConditionGroup.model_validate(group)
    return judge(read, Grounds(scope, NOW, render=lambda source: source.replace("{{ at }}", "2026-03-10")))


def holds(group: dict[str, Any] | None) -> bool:
    return judgement(group).holds


def judged(variable: str, argument: Any) -> bool:
    """`equal_to`, after checking that `not_equal_to` says the opposite."""
    said = holds({"all": [leaf(variable, "equal_to", argument)]})
    assert holds({"all": [leaf(variable, "not_equal_to", argument)]}) is not said
    return said


TRUE = leaf("data.n", "equal_to", "1")
FALSE = leaf("data.n", "equal_to", "2")


def test_every_operator_but_those_of_audiences_can_be_judged() -> None:
    assert set(Operator) - set(OPERATORS) == {Operator.IS_AUDIENCE_MEMBER, Operator.IS_NOT_AUDIENCE_MEMBER}


@pytest.mark.parametrize(
    ("variable", "argument", "expected"),
    [
        # E-COND-6: an argument is JSON where it can be
        ("data.n", "1", True),
        ("data.n", '"1"', False),
        ("data.flag", "true", True),
        ("data.nothing", "null", True),
        ("data.list", '[1, {"a": 2}]', True),
        ("data.list", '[1, {"a": 3}]', False),
        ("data.list", "[1]", False),
        ("data.plan", "pro", True),
        ("data.plan", '"pro"', True),
        ("data.n", 1, True),
        ("data.plan", "", False),
        # E-COND-7: or a path
        ("data.plan", "recipient.plan", True),
        ("data.n", "run.total_activities", False),
        ("data.plan", "vars.flag", False),
        # E-COND-8: what leads nowhere is the empty text, on both sides
        ("data.unknown", "", True),
        ("data.unknown", '""', True),
        ("data.unknown", "null", False),
        ("data.unknown", "recipient.unknown", True),
        ("data.plan.inside", "", True),
        ("data.list.0", "", True),
        ("actor.id", "", True),
        ("data.nothing", "", False),
        ("data.dotted.key", "", True),
        # E-COND-9: types count
        ("data.text", "true", False),
        ("data.text", '"true"', True),
        ("data.flag", "1", False),
        ("data.zero", "false", False),
        ("data.n", "1.0", True),
        ("vars.flag", '"true"', False),
        # E-COND-10: equality is deep
        ("data.deep", '{"a": {"b": "c"}}', True),
        ("data.deep", '{"a": {"b": "d"}}', False),
        ("data.deep", '{"a": {"b": "c"}, "x": 1}', False),
        ("data.deep.a.b", "c", True),
    ],
)
def test_equality(variable: str, argument: Any, expected: bool) -> None:
    assert judged(variable, argument) is expected


@pytest.mark.parametrize("argument", ["NaN", "-Infinity", "1e999", "1" * 5_000, "[" * 5_000, '"\\u0000"'])
def test_what_is_json_for_python_alone_stays_text(argument: str) -> None:
    # E-COND-6
    assert operand(argument, SCOPE) == argument


@pytest.mark.parametrize("argument", ["datax.y", "data.", "data", ".data", "see data.plan", "recipient.a b"])
def test_what_does_not_look_like_a_path_stays_text(argument: str) -> None:
    # E-COND-7
    assert operand(argument, SCOPE) == argument


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_prefix_makes_a_path(prefix: str) -> None:
    # E-COND-5
    assert operand(f"{prefix}.key", {prefix: {"key": 7}}) == 7


def test_a_path_that_leads_nowhere_is_told_from_an_empty_text() -> None:
    # E-COND-8
    assert resolve("data.unknown", SCOPE) is ABSENT
    assert resolve("data.nothing", SCOPE) is None


@pytest.mark.parametrize("value", [0, 1, "", "1", None, True, False, [], {}, [True], {"a": 1}])
def test_everything_equals_itself_and_nothing_else_of_another_type(value: Any) -> None:
    # E-COND-9
    others = [0, 1, "", "1", None, True, False, [], {}, [True], [1], {"a": 1}, {"a": True}]
    same = [other for other in others if equal(value, other)]
    assert [json.dumps(other) for other in same] == [json.dumps(value)]


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (None, True),
        ({}, True),
        ({"all": []}, True),
        ({"any": []}, True),
        ({"all": [TRUE, TRUE]}, True),
        ({"all": [TRUE, FALSE]}, False),
        ({"any": [FALSE, TRUE]}, True),
        ({"any": [FALSE, FALSE]}, False),
        ({"any": [{"all": [TRUE, FALSE]}, TRUE]}, True),
        ({"any": [{"all": [TRUE, FALSE]}, {"all": [TRUE, TRUE]}]}, True),
        ({"any": [{"all": [TRUE, FALSE]}, {"all": [FALSE]}]}, False),
    ],
)
def test_groups_are_ands_or_an_or_of_ands(group: dict[str, Any] | None, expected: bool) -> None:
    # E-COND-3
    assert holds(group) is expected


@pytest.mark.parametrize(
    "group",
    [
        {"all": [TRUE], "any": [TRUE]},
        {"all": [{"any": [TRUE]}]},
        {"any": [{"any": [TRUE]}]},
        {"none": [TRUE]},
        {"all": [leaf("data.n", "resembles", "1")]},
        {"all": [{"operator": "equal_to", "argument": "1"}]},
    ],
)
def test_other_shapes_are_refused(group: dict[str, Any]) -> None:
    # E-COND-2, E-COND-3
    with pytest.raises(ValueError, match="validation error"):
        ConditionGroup.model_validate(group)


def trace(group: dict[str, Any]) -> list[Any]:
    return [line["result"] for line in judgement(group).trace]


@pytest.mark.parametrize(
    ("group", "results"),
    [
        ({"all": [TRUE, FALSE, TRUE]}, [True, False, "not evaluated"]),
        ({"any": [FALSE, TRUE, FALSE]}, [False, True, "not evaluated"]),
        ({"any": [{"all": [FALSE, TRUE]}, TRUE]}, [False, "not evaluated", True]),
        (
            {"any": [{"all": [TRUE, TRUE]}, {"all": [TRUE, FALSE]}, TRUE]},
            [True, True, "not evaluated", "not evaluated", "not evaluated"],
        ),
    ],
)
def test_what_an_earlier_leaf_settled_is_not_evaluated(group: dict[str, Any], results: list[Any]) -> None:
    # E-COND-29
    assert trace(group) == results


def test_the_trace_tells_the_values_that_were_compared() -> None:
    # E-COND-29
    assert judgement({"all": [leaf("data.plan", "equal_to", "recipient.unknown")]}).trace == [
        {
            "variable": "data.plan",
            "operator": "equal_to",
            "result": False,
            "variable_value": "pro",
            "argument_value": "",
        }
    ]


UNTOLD = leaf("refs.email_1.delivery_status", "equal_to", "$message.sent")
MEMBER = leaf("recipient", "is_audience_member", "vip")


@pytest.mark.parametrize(
    ("group", "expected", "why"),
    [
        ({"all": [UNTOLD]}, False, "what other steps did"),
        ({"all": [TRUE, MEMBER]}, False, "audience membership"),
        ({"all": [UNTOLD, FALSE]}, False, None),
        ({"any": [UNTOLD, TRUE]}, True, None),
        ({"any": [MEMBER, FALSE]}, False, "audience membership"),
        ({"any": [{"all": [MEMBER, FALSE]}, FALSE]}, False, None),
        ({"any": [TRUE, MEMBER]}, True, None),
    ],
)
def test_what_cannot_be_judged_says_so_where_it_decides(
    group: dict[str, Any], expected: bool, why: str | None
) -> None:
    said = judgement(group)
    assert said.holds is expected
    if why is None:
        assert said.unjudged is None
    else:
        assert why in (said.unjudged or "")
        assert "not judged" in [line["result"] for line in said.trace]
