"""What each operator of a condition says about two values: pure, one row an operator (E-COND-10…20)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from operator import ge, gt, le, lt
from typing import Any

from models.values.conditions import RELATIVE, Operator

ABSENT = object()
"""Marks a path that leads nowhere; reads as "" except where absence itself is asked for (E-COND-8)."""

Judge = Callable[[Any, Any, datetime], bool]
"""Takes the variable and the argument as they were found (perhaps ABSENT), and the time."""


def or_empty(value: Any) -> Any:
    return "" if value is ABSENT else value


def equal(left: Any, right: Any) -> bool:
    """Deep JSON equality: true is not 1, but 1 is 1.0 (E-COND-9, E-COND-10)."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


def order(left: Any, right: Any) -> int | None:
    """Below, at or above zero for two numbers or two texts; None for anything else (E-COND-11)."""
    numbers = _is_number(left) and _is_number(right)
    texts = isinstance(left, str) and isinstance(right, str)
    if not (numbers or texts):
        return None
    return int(left > right) - int(left < right)


def contains(left: Any, right: Any) -> bool:
    """An item in a list on either side, a text in a text, or two lists that share an item (E-COND-12)."""
    if isinstance(left, list) and isinstance(right, list):
        return any(_is_in(item, left) for item in right)
    if isinstance(left, list):
        return _is_in(right, left)
    if isinstance(right, list):
        return _is_in(left, right)
    return isinstance(left, str) and isinstance(right, str) and right in left


def contains_all(left: Any, right: Any) -> bool:
    """Every item of the argument is in the variable, which must be a list (E-COND-14)."""
    wanted = right if isinstance(right, list) else [right]
    return isinstance(left, list) and all(_is_in(item, left) for item in wanted)


def is_empty(value: Any) -> bool:
    """An object without keys is not empty (E-COND-15)."""
    return value is ABSENT or value is None or value == "" or value == []


def timestamp(value: Any) -> datetime | None:
    """The moment that an ISO-8601 text names; without a zone it is UTC, a date is its midnight."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def point(value: Any, now: datetime) -> datetime | None:
    """A timestamp, or one relative to now: `30_days_ago`, `2 hours from now` (E-COND-18)."""
    match = RELATIVE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return timestamp(value)
    count, unit, direction = match.groups()
    length = timedelta(**{f"{unit}s": int(count)})
    try:
        return now - length if direction == "ago" else now + length
    except OverflowError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_in(value: Any, items: list[Any]) -> bool:
    return any(equal(value, item) for item in items)


def _compares(left: Any, right: Any, wanted: Callable[[int, int], bool]) -> bool:
    compared = order(left, right)
    return compared is not None and wanted(compared, 0)


def _is_between(left: Any, right: Any, _: datetime) -> bool:
    """Both ends belong to the range (E-COND-20)."""
    if not (isinstance(right, list) and len(right) == 2 and all(map(_is_number, [left, *right]))):
        return False
    return bool(right[0] <= left <= right[1])


def _before(left: Any, right: Any, now: datetime) -> bool:
    moment, limit = timestamp(left), point(right, now)
    return moment is not None and limit is not None and moment < limit


def _on_or_after(left: Any, right: Any, now: datetime) -> bool:
    moment, limit = timestamp(left), point(right, now)
    return moment is not None and limit is not None and moment >= limit


def _between(left: Any, right: Any, _: datetime) -> bool:
    """Both ends belong to it, and neither is relative (E-COND-19)."""
    if not (isinstance(right, list) and len(right) == 2):
        return False
    moment, start, end = timestamp(left), timestamp(right[0]), timestamp(right[1])
    return moment is not None and start is not None and end is not None and start <= moment <= end


def _days(left: Any, right: Any, now: datetime) -> tuple[date, date] | None:
    moment, limit = timestamp(left), point(right, now)
    return None if moment is None or limit is None else (moment.date(), limit.date())


def _before_date(left: Any, right: Any, now: datetime) -> bool:
    days = _days(left, right, now)
    return days is not None and days[0] < days[1]


def _on_or_after_date(left: Any, right: Any, now: datetime) -> bool:
    days = _days(left, right, now)
    return days is not None and days[0] >= days[1]


OPERATORS: dict[Operator, Judge] = {
    Operator.EQUAL_TO: lambda left, right, _: equal(or_empty(left), or_empty(right)),
    Operator.NOT_EQUAL_TO: lambda left, right, _: not equal(or_empty(left), or_empty(right)),
    # What leads nowhere compares with nothing: these see ABSENT as it is (E-COND-11).
    Operator.GREATER_THAN: lambda left, right, _: _compares(left, right, gt),
    Operator.GREATER_THAN_OR_EQUAL_TO: lambda left, right, _: _compares(left, right, ge),
    Operator.LESS_THAN: lambda left, right, _: _compares(left, right, lt),
    Operator.LESS_THAN_OR_EQUAL_TO: lambda left, right, _: _compares(left, right, le),
    Operator.IS_BETWEEN: _is_between,
    Operator.CONTAINS: lambda left, right, _: contains(or_empty(left), or_empty(right)),
    Operator.NOT_CONTAINS: lambda left, right, _: not contains(or_empty(left), or_empty(right)),
    Operator.CONTAINS_ALL: lambda left, right, _: contains_all(left, or_empty(right)),
    Operator.NOT_CONTAINS_ALL: lambda left, right, _: not contains_all(left, or_empty(right)),
    Operator.EMPTY: lambda left, _, __: is_empty(left),
    Operator.NOT_EMPTY: lambda left, _, __: not is_empty(left),
    Operator.EXISTS: lambda left, _, __: left is not ABSENT and left is not None,
    Operator.NOT_EXISTS: lambda left, _, __: left is ABSENT or left is None,
    Operator.IS_TIMESTAMP: lambda left, _, __: timestamp(left) is not None,
    Operator.IS_NOT_TIMESTAMP: lambda left, _, __: timestamp(left) is None,
    Operator.IS_TIMESTAMP_BEFORE: _before,
    Operator.IS_TIMESTAMP_ON_OR_AFTER: _on_or_after,
    Operator.IS_TIMESTAMP_BETWEEN: _between,
    Operator.IS_TIMESTAMP_BEFORE_NOW: lambda left, _, now: _before(left, now.isoformat(), now),
    Operator.IS_TIMESTAMP_ON_OR_AFTER_NOW: lambda left, _, now: _on_or_after(left, now.isoformat(), now),
    Operator.IS_TIMESTAMP_BEFORE_DATE: _before_date,
    Operator.IS_TIMESTAMP_ON_OR_AFTER_DATE: _on_or_after_date,
}
"""Every operator that the run's scope alone decides; audience membership is the world's to say."""

TIMESTAMP_OPERATORS = frozenset(operator for operator in OPERATORS if "timestamp" in operator.value)
"""Those whose argument may be Liquid (E-COND-7)."""
