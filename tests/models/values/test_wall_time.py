"""Wall-clock time in zones."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.values.wall_time import moment_of, zone_of


@pytest.mark.rule("E-DELAY-11", "E-CHANNEL-13")
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Asia/Tokyo", "Europe/Berlin"], "Asia/Tokyo"),
        ([None, "Europe/Berlin"], "Europe/Berlin"),
        (["Mars/Olympus", 7, ["Asia/Tokyo"], "", "Europe/Berlin"], "Europe/Berlin"),
        (["Mars/Olympus", None], "Etc/UTC"),
        ([], "Etc/UTC"),
    ],
)
def test_the_first_zone_that_exists_counts_and_else_utc(names: list[Any], expected: str) -> None:
    assert zone_of(names) == ZoneInfo(expected)


@pytest.mark.rule("E-DELAY-12")
@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        ("Europe/Berlin", "2026-07-01T09:00:00", "2026-07-01T07:00:00"),
        # Left out: the first moment that exists. Twice: the first.
        ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:00:00"),
        ("Europe/Berlin", "2026-03-29T02:59:59", "2026-03-29T01:00:00"),
        ("Europe/Berlin", "2026-03-29T03:00:00", "2026-03-29T01:00:00"),
        ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:10:00", "2026-10-03T15:30:00"),
        ("America/Santiago", "2026-09-06T00:20:00", "2026-09-06T04:00:00"),
        # A whole day was left out.
        ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T10:00:00"),
    ],
)
def test_a_time_on_the_wall_is_a_moment(zone: str, local: str, expected: str) -> None:
    at = datetime.fromisoformat(local)
    moment = moment_of(at.date(), at.time(), ZoneInfo(zone))
    assert (moment, moment.tzinfo) == (datetime.fromisoformat(expected).replace(tzinfo=UTC), UTC)


def test_a_time_keeps_its_fraction_of_a_second() -> None:
    assert moment_of(date(2026, 1, 1), time(9, 0, 0, 5), ZoneInfo("Etc/UTC")).microsecond == 5
