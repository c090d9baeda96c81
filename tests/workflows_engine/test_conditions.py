"""Judging conditions."""

import json
from typing import Any

import pytest

from models.values.conditions import Condition, ConditionGroup, Operator
from workflows_engine.conditions import ABSENT, OPERATORS, PREFIXES, equal, judge, operand, resolve

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


def leaf(variable: str, operator: str, argument: Any = None) -> dict[str, Any]:
    return {"variable": variable, "operator": operator, "argument": argument}


def holds(group: dict[str, Any] | None) -> bool:
    return judge(None if group is None else ConditionGroup.model_validate(group), SCOPE).holds


def judged(variable: str, argument: Any) -> bool:
    """`equal_to`, after checking that `not_equal_to` says the opposite."""
    said = holds({"all": [leaf(variable, "equal_to", argument)]})
    assert holds({"all": [leaf(variable, "not_equal_to", argument)]}) is not said
    return said


TRUE = leaf("data.n", "equal_to", "1")
FALSE = leaf("data.n", "equal_to", "2")


def test_every_operator_that_may_be_written_can_be_judged() -> None:
    assert set(OPERATORS) == set(Operator)


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
    return [line["result"] for line in judge(ConditionGroup.model_validate(group), SCOPE).trace]


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
    group = ConditionGroup(all=[Condition.model_validate(leaf("data.plan", "equal_to", "recipient.unknown"))])
    assert judge(group, SCOPE).trace == [
        {
            "variable": "data.plan",
            "operator": "equal_to",
            "result": False,
            "variable_value": "pro",
            "argument_value": "",
        }
    ]
