"""What each operator of a condition says."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.values.conditions import ConditionGroup
from workflows_engine.conditions import Grounds, judge
from workflows_engine.operators import ABSENT, OPERATORS

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def one(variable: str, operator: str, argument: Any = None, **data: Any) -> bool:
    """What one condition says about `data`."""
    leaf = {"variable": variable, "operator": operator, "argument": argument}
    grounds = Grounds({"data": data}, NOW, render=lambda source: source.replace("{{ at }}", "2026-03-10"))
    return judge(ConditionGroup.model_validate({"all": [leaf]}), grounds).holds


COMPLEMENTS = {
    "contains": "not_contains",
    "contains_all": "not_contains_all",
    "empty": "not_empty",
    "exists": "not_exists",
    "is_timestamp": "is_not_timestamp",
}
LIST = '["a", "b"]'


@pytest.mark.parametrize(
    ("value", "operator", "argument", "expected"),
    [
        # E-COND-12, E-COND-13, and the vectors of E-COND-32
        ("senior engineer", "contains", '"engineer"', True),
        (["vip", "beta"], "contains", "vip", True),
        (["a"], "contains", LIST, True),
        (["c"], "contains", LIST, False),
        ("a", "contains", LIST, True),
        ("ab", "contains", LIST, False),
        ([1, 2], "contains", "2", True),
        ([True], "contains", "1", False),
        (["vip"], "contains", "vi", False),
        (18, "contains", "1", False),
        (None, "contains", "x", False),
        (ABSENT, "contains", "x", False),
        ("any text", "contains", "data.unknown", True),
        # E-COND-14
        (["a"], "contains_all", LIST, False),
        (["b", "c", "a"], "contains_all", LIST, True),
        (["a"], "contains_all", "a", True),
        (["vip"], "contains_all", "vip", True),
        ([7], "contains_all", "7", True),
        ("a", "contains_all", LIST, False),
        (ABSENT, "contains_all", LIST, False),
        # E-COND-15
        (ABSENT, "empty", None, True),
        ("", "empty", None, True),
        (None, "empty", None, True),
        ([], "empty", None, True),
        ({}, "empty", None, False),
        (0, "empty", None, False),
        (False, "empty", None, False),
        # E-COND-16
        (ABSENT, "exists", None, False),
        (None, "exists", None, False),
        ("", "exists", None, True),
        ([], "exists", None, True),
        # E-COND-20
        ("2026-03-10", "is_timestamp", None, True),
        ("2026-03-10T12:00:00+02:00", "is_timestamp", None, True),
        ("soon", "is_timestamp", None, False),
        (5, "is_timestamp", None, False),
        (ABSENT, "is_timestamp", None, False),
    ],
)
def test_an_operator_and_its_complement(value: Any, operator: str, argument: Any, expected: bool) -> None:
    data = {} if value is ABSENT else {"value": value}
    assert one("data.value", operator, argument, **data) is expected
    assert one("data.value", COMPLEMENTS[operator], argument, **data) is not expected


@pytest.mark.rule("E-COND-11")
@pytest.mark.parametrize(
    ("value", "argument", "sign"),
    [
        (18, "18", 0),
        (18, "17.5", 1),
        (0.5, "1", -1),
        ("b", '"a"', 1),
        ("a", "b", -1),
        ("", "a", -1),
        ("18", "17", None),
        (True, "0", None),
        (None, "0", None),
        ([2], "[1]", None),
        (ABSENT, "a", None),
        (ABSENT, "0", None),
    ],
)
def test_order_is_among_numbers_and_among_texts(value: Any, argument: str, sign: int | None) -> None:
    data = {} if value is ABSENT else {"value": value}
    said = [
        one("data.value", operator, argument, **data)
        for operator in ("less_than", "less_than_or_equal_to", "greater_than_or_equal_to", "greater_than")
    ]
    expected = {-1: [1, 1, 0, 0], 0: [0, 1, 1, 0], 1: [0, 0, 1, 1], None: [0, 0, 0, 0]}
    assert said == [bool(held) for held in expected[sign]]


@pytest.mark.rule("E-COND-20")
@pytest.mark.parametrize(
    ("value", "argument", "expected"),
    [
        (1, "[1, 3]", True),
        (3, "[1, 3]", True),
        (3.1, "[1, 3]", False),
        ("2", "[1, 3]", False),
        (2, "[1]", False),
        (2, "2", False),
    ],
)
def test_a_range_holds_both_its_ends(value: Any, argument: str, expected: bool) -> None:
    assert one("data.value", "is_between", argument, value=value) is expected


@pytest.mark.parametrize(
    ("value", "argument", "is_before"),
    [
        # E-COND-17, E-COND-18
        ("2026-03-10T11:59:59Z", "2026-03-10T12:00:00Z", True),
        ("2026-03-10T12:00:00Z", "2026-03-10T12:00:00Z", False),
        ("2026-03-10T12:00:00+02:00", "2026-03-10T11:00:00Z", True),
        ("2026-03-09", "2026-03-10", True),
        ("2026-03-10T00:00:00", "2026-03-10", False),
        ("2026-02-01", "30_days_ago", True),
        ("2026-02-10", "30_days_ago", False),
        ("2026-03-10T12:14:00Z", "15_minutes_from_now", True),
        ("2026-03-10T13:00:00Z", "1 hour from now", False),
        ("2026-03-03", "1_week_ago", True),
        ("2026-03-09", "data.limit", True),
        ("2026-03-09", "{{ at }}", True),
        ("2026-03-11", "{{ at }}", False),
    ],
)
def test_a_timestamp_lies_before_another_or_not(value: str, argument: str, is_before: bool) -> None:
    more = {"value": value, "limit": "2026-03-10"}
    assert one("data.value", "is_timestamp_before", argument, **more) is is_before
    assert one("data.value", "is_timestamp_on_or_after", argument, **more) is not is_before


@pytest.mark.rule("E-COND-18", "E-COND-20")
@pytest.mark.parametrize(
    ("value", "is_before"), [("2026-03-08T23:00:00Z", True), ("2026-03-09T00:00:00Z", False)]
)
def test_the_day_of_a_relative_time_is_a_date_to_compare_with(value: str, is_before: bool) -> None:
    for argument in ("1_day_ago", "36 hours ago"):
        assert one("data.value", "is_timestamp_before_date", argument, value=value) is is_before
        assert one("data.value", "is_timestamp_on_or_after_date", argument, value=value) is not is_before


@pytest.mark.rule("E-COND-19")
@pytest.mark.parametrize("argument", ["5", "null", '"2026"', '["2020-01-01"]', '{"a": 1, "b": 2}'])
def test_nothing_lies_between_what_is_no_pair(argument: str) -> None:
    assert not one("data.value", "is_timestamp_between", argument, value="2026-03-09")


@pytest.mark.rule("E-COND-17")
@pytest.mark.parametrize("value", [ABSENT, None, "", "soon", 1710000000, ["2026-03-10"]])
@pytest.mark.parametrize("operator", [one.value for one in OPERATORS if one.value.startswith("is_timestamp")])
def test_what_is_no_timestamp_is_neither_before_nor_after(value: Any, operator: str) -> None:
    data = {} if value is ABSENT else {"value": value}
    assert not one("data.value", operator, '["2020-01-01", "2030-01-01"]', **data)
    assert not one("data.value", operator, "2026-03-10", **data)


@pytest.mark.rule("E-COND-17")
@pytest.mark.parametrize(
    ("value", "expected"), [("2026-03-10T12:00:00Z", False), ("2026-03-10T11:59:59Z", True)]
)
def test_now_is_the_time_of_the_run(value: str, expected: bool) -> None:
    assert one("data.value", "is_timestamp_before_now", value=value) is expected
    assert one("data.value", "is_timestamp_on_or_after_now", value=value) is not expected


@pytest.mark.rule("E-COND-19")
@pytest.mark.parametrize(
    ("value", "expected"),
    [("2026-03-01", True), ("2026-03-31", True), ("2026-02-28", False), ("2026-04-01", False)],
)
def test_a_timestamp_lies_between_two_with_both_ends(value: str, expected: bool) -> None:
    for argument in ('["2026-03-01", "2026-03-31"]', '["2026-03-01", "data.end"]'):
        assert one("data.value", "is_timestamp_between", argument, value=value, end="2026-03-31") is expected


@pytest.mark.rule("E-COND-20")
@pytest.mark.parametrize(
    ("value", "is_before"), [("2026-03-10T00:01:00Z", False), ("2026-03-09T23:59:00Z", True)]
)
def test_dates_are_compared_by_their_days(value: str, is_before: bool) -> None:
    limit = "2026-03-10T18:00:00Z"
    assert one("data.value", "is_timestamp_before_date", limit, value=value) is is_before
    assert one("data.value", "is_timestamp_on_or_after_date", limit, value=value) is not is_before


@pytest.mark.rule("E-COND-7", "E-COND-32")
@pytest.mark.parametrize(
    ("variable", "argument", "expected"),
    [("true", "true", True), ('"true"', "true", False), ("5", "5", True), ('["a"]', '["a"]', True)],
)
def test_a_variable_may_be_json_itself(variable: str, argument: str, expected: bool) -> None:
    assert one(variable, "equal_to", argument) is expected
