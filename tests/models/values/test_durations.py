"""Lengths of time."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from pydantic import ValidationError

from models.values.durations import Duration, Unit

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.rule("E-SHAPE-3", "E-DELAY-2")
@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("seconds", timedelta(seconds=3)),
        ("minutes", timedelta(minutes=3)),
        ("hours", timedelta(hours=3)),
        ("days", timedelta(days=3)),
        ("weeks", timedelta(weeks=3)),
    ],
)
def test_all_units_but_months_are_exact(unit: Unit, expected: timedelta) -> None:
    assert Duration(unit=unit, value=3).after(NOON) == NOON + expected
    assert Duration(unit=unit, value=-3).after(NOON) == NOON - expected


@pytest.mark.rule("E-SHAPE-3")
@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-01-31", 2, "2026-03-31"),
        ("2026-01-31", 3, "2026-04-30"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-12-31", 12, "2027-12-31"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2026-01-31", 0, "2026-01-31"),
    ],
)
def test_a_month_is_a_calendar_month_and_ends_where_the_month_ends(
    start: str, months: int, expected: str
) -> None:
    begun = datetime.fromisoformat(f"{start}T12:34:56+00:00")
    assert Duration(unit="months", value=months).after(begun).isoformat() == f"{expected}T12:34:56+00:00"


@pytest.mark.parametrize(
    "written", [{"unit": "years", "value": 1}, {"unit": "days"}, {"unit": "days", "value": 1.5}]
)
def test_anything_else_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Duration.model_validate(written)


def test_a_person_can_read_it() -> None:
    assert [str(Duration(unit=unit, value=1)) for unit in get_args(Unit)] == [
        "1 second",
        "1 minute",
        "1 hour",
        "1 day",
        "1 week",
        "1 month",
    ]
    assert str(Duration(unit="days", value=2)) == "2 days"


@pytest.mark.parametrize("unit", get_args(Unit))
def test_beyond_the_calendar_is_as_far_as_it_goes(unit: Unit) -> None:
    start = datetime(2026, 11, 21, tzinfo=UTC)
    assert Duration(unit=unit, value=10**12).after(start) - start > timedelta(days=365)
    assert Duration(unit=unit, value=-(10**12)).after(start) < start
