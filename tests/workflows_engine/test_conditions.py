"""Judging conditions."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values.conditions import Condition, ConditionGroup, Operator
from workflows_engine.conditions import PREFIXES, Grounds, Judgement, judge, operand, resolve, subject
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


def test_every_operator_but_those_of_audiences_compares_two_values() -> None:
    assert set(Operator) - set(OPERATORS) == {Operator.IS_AUDIENCE_MEMBER, Operator.IS_NOT_AUDIENCE_MEMBER}


@pytest.mark.rule("E-COND-6", "E-COND-7", "E-COND-8", "E-COND-9", "E-COND-10")
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


@pytest.mark.rule("E-COND-6")
@pytest.mark.parametrize("argument", ["NaN", "-Infinity", "1e999", "1" * 5_000, "[" * 5_000, '"\\u0000"'])
def test_what_is_json_for_python_alone_stays_text(argument: str) -> None:
    assert operand(argument, SCOPE) == argument


@pytest.mark.rule("E-COND-7")
@pytest.mark.parametrize("argument", ["datax.y", "data.", "data", ".data", "see data.plan", "recipient.a b"])
def test_what_does_not_look_like_a_path_stays_text(argument: str) -> None:
    assert operand(argument, SCOPE) == argument


@pytest.mark.rule("E-COND-5")
@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_prefix_makes_a_path(prefix: str) -> None:
    assert operand(f"{prefix}.key", {prefix: {"key": 7}}) == 7


@pytest.mark.rule("E-COND-8")
def test_a_path_that_leads_nowhere_is_told_from_an_empty_text() -> None:
    assert resolve("data.unknown", SCOPE) is ABSENT
    assert resolve("data.nothing", SCOPE) is None


@pytest.mark.rule("E-COND-9")
@pytest.mark.parametrize("value", [0, 1, "", "1", None, True, False, [], {}, [True], {"a": 1}])
def test_everything_equals_itself_and_nothing_else_of_another_type(value: Any) -> None:
    others = [0, 1, "", "1", None, True, False, [], {}, [True], [1], {"a": 1}, {"a": True}]
    same = [other for other in others if equal(value, other)]
    assert [json.dumps(other) for other in same] == [json.dumps(value)]


@pytest.mark.rule("E-COND-3")
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
    assert holds(group) is expected


@pytest.mark.rule("E-COND-2", "E-COND-3")
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
    with pytest.raises(ValueError, match="validation error"):
        ConditionGroup.model_validate(group)


def trace(group: dict[str, Any]) -> list[Any]:
    return [line["result"] for line in judgement(group).trace]


@pytest.mark.rule("E-COND-29")
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
    assert trace(group) == results


@pytest.mark.rule("E-COND-29")
def test_the_trace_tells_the_values_that_were_compared() -> None:
    assert judgement({"all": [leaf("data.plan", "equal_to", "recipient.unknown")]}).trace == [
        {
            "variable": "data.plan",
            "operator": "equal_to",
            "result": False,
            "variable_value": "pro",
            "argument_value": "",
        }
    ]


VIP = leaf("recipient", "is_audience_member", "vip")
NOT_VIP = leaf("recipient", "is_not_audience_member", "vip")


def among(members: set[str], group: dict[str, Any]) -> Judgement:
    read = ConditionGroup.model_validate(group)
    return judge(read, Grounds(SCOPE, NOW, memberships=frozenset(members)))


@pytest.mark.rule("E-COND-21")
def test_membership_is_what_the_recipients_audiences_say() -> None:
    assert among({"vip"}, {"all": [VIP]}).holds
    assert not among({"vip"}, {"all": [NOT_VIP]}).holds
    assert not among({"other"}, {"all": [VIP]}).holds
    assert among(set(), {"all": [NOT_VIP]}).holds


@pytest.mark.rule("E-COND-21")
@pytest.mark.parametrize("key", ["123", "true", "null", "[1]"])
def test_an_audiences_key_that_looks_like_json_is_a_key(key: str) -> None:
    assert among({key}, {"all": [leaf("recipient", "is_audience_member", key)]}).holds


@pytest.mark.rule("E-COND-7", "E-COND-21")
def test_an_audiences_key_may_be_looked_up() -> None:
    said = among({"pro"}, {"all": [leaf("recipient", "is_audience_member", "data.plan")]})
    assert said.holds
    assert said.trace[0]["argument_value"] == "pro"
    assert not among({"pro"}, {"all": [leaf("recipient", "is_audience_member", "data.list")]}).holds


DOUBTED = leaf("vars.secret", "equal_to", "x")


@pytest.mark.parametrize(
    ("group", "expected", "is_doubted"),
    [
        ({"all": [DOUBTED]}, False, True),
        ({"all": [TRUE, DOUBTED]}, False, True),
        ({"all": [DOUBTED, FALSE]}, False, False),
        ({"any": [DOUBTED, TRUE]}, True, False),
        ({"any": [DOUBTED, FALSE]}, False, True),
        ({"any": [{"all": [DOUBTED, FALSE]}, FALSE]}, False, False),
        ({"any": [TRUE, DOUBTED]}, True, False),
    ],
)
def test_what_cannot_be_judged_says_so_where_it_decides(
    group: dict[str, Any], expected: bool, is_doubted: bool
) -> None:
    def unjudged(one: Condition) -> str | None:
        return "it is a secret" if one.variable == "vars.secret" else None

    said = judge(ConditionGroup.model_validate(group), Grounds(SCOPE, NOW, unjudged=unjudged))
    assert said.holds is expected
    assert said.unjudged == ("it is a secret" if is_doubted else None)
    if is_doubted:
        assert "not judged" in [line["result"] for line in said.trace]


@pytest.mark.rule("E-COND-12", "E-COND-13", "E-COND-32")
@pytest.mark.parametrize(
    ("value", "operator", "argument", "expected"),
    [
        ("senior engineer", "contains", "engineer", True),
        (["vip", "beta"], "contains", "vip", True),
        (["a"], "contains", '["a","b"]', True),
        (["a"], "contains_all", '["a","b"]', False),
        ("a", "contains", '["a","b"]', True),
        (ABSENT, "not_contains", "x", True),
        (ABSENT, "empty", None, True),
        (ABSENT, "exists", None, False),
        ("", "exists", None, True),
        ("", "not_empty", None, False),
        (18, "greater_than", "18", False),
        (True, "equal_to", "true", True),
        ("true", "equal_to", "true", False),
    ],
)
def test_knocks_own_vectors(value: Any, operator: str, argument: Any, expected: bool) -> None:
    scope = {"data": {} if value is ABSENT else {"x": value}}
    assert judgement({"all": [leaf("data.x", operator, argument)]}, scope).holds is expected


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
NEGATIONS = [
    ("equal_to", "not_equal_to"),
    ("contains", "not_contains"),
    ("contains_all", "not_contains_all"),
    ("empty", "not_empty"),
    ("exists", "not_exists"),
    ("is_timestamp", "is_not_timestamp"),
    ("is_audience_member", "is_not_audience_member"),
]


def one(variable: Any, operator: str, argument: Any) -> bool:
    return judgement({"all": [leaf("data.x", operator, argument)]}, {"data": {"x": variable}}).holds


@pytest.mark.rule("E-COND-10", "E-COND-13", "E-COND-14", "E-COND-15", "E-COND-16", "E-COND-21")
@given(variable=JSON, argument=JSON, pair=st.sampled_from(NEGATIONS))
def test_a_negated_operator_is_the_complement(variable: Any, argument: Any, pair: tuple[str, str]) -> None:
    assert one(variable, pair[0], argument) is not one(variable, pair[1], argument)


@pytest.mark.rule("E-COND-6", "E-COND-9", "E-COND-10")
@given(value=JSON)
def test_every_value_equals_what_is_written_as_its_json(value: Any) -> None:
    assert one(value, "equal_to", json.dumps(value))


@pytest.mark.rule("E-COND-11")
@given(left=JSON, right=JSON)
def test_at_most_one_of_below_equal_and_above_holds(left: Any, right: Any) -> None:
    said = [one(left, operator, json.dumps(right)) for operator in ("less_than", "greater_than")]
    assert sum(said) <= 1
    comparable = one(left, "less_than_or_equal_to", json.dumps(right)) or one(
        left, "greater_than_or_equal_to", json.dumps(right)
    )
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (left, right))
    texts = isinstance(left, str) and isinstance(right, str)
    assert comparable is (numbers or texts)


GROUPS = st.lists(st.booleans(), max_size=5)


@pytest.mark.rule("E-COND-3", "E-COND-29")
@given(options=st.lists(GROUPS, min_size=1, max_size=4))
def test_an_or_of_ands_is_what_logic_says_and_stops_where_it_is_settled(options: list[list[bool]]) -> None:
    leaves = {True: TRUE, False: FALSE}
    said = judgement({"any": [{"all": [leaves[truth] for truth in option]} for option in options]})
    assert said.holds is any(all(option) for option in options)
    results = [line["result"] for line in said.trace]
    evaluated = [result for result in results if result != "not evaluated"]
    assert len(results) == sum(map(len, options))
    if said.holds and options[0] and all(options[0]):
        assert len(evaluated) == len(options[0])


@pytest.mark.rule("E-COND-18", "E-LIMITS-19")
@pytest.mark.parametrize("argument", ["14_minutes_ago", "5 minutes from now", "0_days_ago"])
def test_a_relative_time_under_a_quarter_of_an_hour_is_refused(argument: str) -> None:
    with pytest.raises(ValueError, match="15 minutes or more"):
        ConditionGroup.model_validate({"all": [leaf("data.at", "is_timestamp_before", argument)]})
    ConditionGroup.model_validate({"all": [leaf("data.at", "equal_to", argument)]})


@pytest.mark.rule("E-COND-18", "E-LIMITS-19")
def test_a_quarter_of_an_hour_is_long_enough() -> None:
    group = {"all": [leaf("data.at", "is_timestamp_before", "15_minutes_ago")]}
    scope = {"data": {"at": (NOW - timedelta(minutes=16)).isoformat()}}
    assert judgement(group, scope).holds


@pytest.mark.rule("E-COND-5", "E-COND-7")
def test_event_is_a_prefix_while_a_wait_is_judged() -> None:
    assert operand("event.data.x", {"event": {"data": {"x": 7}}}) == 7
    assert operand("event.data.x", SCOPE) == "event.data.x"


@pytest.mark.rule("E-COND-5", "E-RUN-17")
def test_a_bare_name_is_looked_up_at_the_root() -> None:
    scope = {"total_activities": 3, "data": {"total_activities": 7}}
    assert subject("total_activities", scope) == 3
    assert subject("3", scope) == 3
    assert subject("nothing", scope) is ABSENT
    assert subject("data", scope) == {"total_activities": 7}
