"""Window rules and what else may say when a dynamic window ends."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.values.durations import LONGEST, Duration
from models.values.window_rules import (
    DAYS,
    EVERY_DAY,
    MALFORMED,
    MISSING,
    NAMED_DAYS,
    NEVER,
    PAST,
    WindowRule,
    resolve_moment,
)

ZONES = [
    "Etc/UTC",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "Europe/London",
    "Europe/Berlin",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Antarctica/Troll",
]
YORK = ZoneInfo("America/New_York")
UTC_ZONE = ZoneInfo("Etc/UTC")
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday, seven in the morning in New York
GRID = timedelta(minutes=5)
START = datetime(2020, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=5_800)).map(lambda passed: START + passed)


def rule(**fields: Any) -> WindowRule:
    return WindowRule.model_validate(fields)


@pytest.mark.rule("E-DELAY-10", "E-DELAY-11")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"frequency": "hourly"}, "2026-03-04 08:00"),
        ({"frequency": "hourly", "minutes": 25}, "2026-03-04 07:25"),
        ({"frequency": "hourly", "interval": 3}, "2026-03-04 10:00"),
        ({"frequency": "hourly", "minutes": 25, "interval": 3}, "2026-03-04 07:25"),
        ({"frequency": "hourly", "days": ["fri"]}, "2026-03-06 00:00"),
        ({"frequency": "daily"}, "2026-03-05 00:00"),
        ({"frequency": "daily", "hours": 9, "minutes": 30}, "2026-03-04 09:30"),
        ({"frequency": "daily", "hours": 7}, "2026-03-05 07:00"),
        ({"frequency": "daily", "hours": 7, "minutes": 5}, "2026-03-04 07:05"),
        ({"frequency": "daily", "hours": 7, "interval": 3}, "2026-03-07 07:00"),
        ({"frequency": "daily", "hours": 6, "days": "weekends"}, "2026-03-07 06:00"),
        ({"frequency": "daily", "hours": 6, "days": "weekdays"}, "2026-03-05 06:00"),
        ({"frequency": "weekly"}, "2026-03-09 00:00"),
        ({"frequency": "weekly", "days": ["mon"], "hours": 9}, "2026-03-09 09:00"),
        ({"frequency": "weekly", "days": ["wed", "tue"], "hours": 7}, "2026-03-10 07:00"),
        ({"frequency": "weekly", "days": ["wed", "tue"], "hours": 8}, "2026-03-04 08:00"),
        ({"frequency": "weekly", "days": ["mon"], "hours": 9, "interval": 2}, "2026-03-16 09:00"),
        ({"frequency": "weekly", "days": ["fri"], "hours": 9, "interval": 2}, "2026-03-06 09:00"),
        ({"frequency": "monthly"}, "2026-04-01 00:00"),
        ({"frequency": "monthly", "day_of_month": 31}, "2026-03-31 00:00"),
        ({"frequency": "monthly", "day_of_month": 4, "hours": 7}, "2026-04-04 07:00"),
        ({"frequency": "monthly", "days": ["tue"]}, "2026-03-10 00:00"),
        ({"frequency": "monthly", "days": ["tue"], "day_of_month": 4}, "2026-08-04 00:00"),
        ({"frequency": "monthly", "day_of_month": 1, "interval": 2}, "2026-05-01 00:00"),
        ({"frequency": "monthly", "day_of_month": 1, "interval": 5}, "2026-08-01 00:00"),
        ({"frequency": "monthly", "day_of_month": 4, "hours": 7, "interval": 12}, "2027-03-04 07:00"),
    ],
)
def test_a_rule_comes_next_at(fields: dict[str, Any], expected: str) -> None:
    moment = rule(**fields).next_after(NOW, YORK)

    assert moment is not None
    assert f"{moment.astimezone(YORK):%Y-%m-%d %H:%M}" == expected
    assert moment.tzinfo is UTC


@pytest.mark.rule("E-DELAY-11")
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-02-01", "2026-02-28"),
        ("2028-02-01", "2028-02-29"),
        ("2026-04-30T00:00", "2026-05-31"),
        ("2026-04-29", "2026-04-30"),
    ],
)
def test_a_day_that_a_short_month_lacks_is_its_last(now: str, expected: str) -> None:
    start = datetime.fromisoformat(now).replace(tzinfo=UTC)

    moment = rule(frequency="monthly", day_of_month=31).next_after(start, UTC_ZONE)

    assert f"{moment:%Y-%m-%d}" == expected


@pytest.mark.rule("E-DELAY-12")
@pytest.mark.parametrize(
    ("now", "fields", "expected"),
    [
        # Clocks go from two to three on 8 March 2026, and from two to one on 1 November.
        ("2026-03-08T05:30Z", {"frequency": "daily", "hours": 2, "minutes": 30}, "2026-03-08T07:00Z"),
        ("2026-03-08T06:30Z", {"frequency": "hourly", "minutes": 30}, "2026-03-08T07:30Z"),
        ("2026-11-01T04:30Z", {"frequency": "daily", "hours": 1, "minutes": 30}, "2026-11-01T05:30Z"),
        ("2026-11-01T05:30Z", {"frequency": "daily", "hours": 1, "minutes": 30}, "2026-11-02T06:30Z"),
        ("2026-11-01T05:30Z", {"frequency": "hourly", "minutes": 30}, "2026-11-01T06:30Z"),
    ],
)
def test_times_that_clocks_leave_out_or_show_twice(now: str, fields: dict[str, Any], expected: str) -> None:
    assert rule(**fields).next_after(datetime.fromisoformat(now), YORK) == datetime.fromisoformat(expected)


@pytest.mark.rule("E-DELAY-12")
@pytest.mark.parametrize(
    ("zone", "now", "fields", "expected"),
    [
        # Half an hour is left out: of the hour from two only half past is shown.
        ("Australia/Lord_Howe", "2026-10-03T14:50:00", {"minutes": 15}, "2026-10-03T15:30:00"),
        ("Australia/Lord_Howe", "2026-10-03T14:50:00", {"minutes": 45}, "2026-10-03T15:15:00"),
        # Two comes twice, and each of the two has its beginning.
        ("Europe/Berlin", "2026-10-25T00:30:00", {}, "2026-10-25T01:00:00"),
        ("Europe/Berlin", "2026-10-25T00:30:00", {"minutes": 45}, "2026-10-25T00:45:00"),
        ("Europe/Berlin", "2026-10-25T00:50:00", {"minutes": 45}, "2026-10-25T01:45:00"),
        ("Europe/Berlin", "2026-07-01T12:34:56.789", {}, "2026-07-01T13:00:00"),
    ],
)
def test_an_hourly_rule_comes_at_its_minute_of_every_hour_that_passes(
    zone: str, now: str, fields: dict[str, Any], expected: str
) -> None:
    hourly, moment = rule(frequency="hourly", **fields), datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = hourly.next_after(moment, ZoneInfo(zone))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.rule("E-DELAY-10", "E-DELAY-11")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # Every third month from November, over the end of the year; every second week from this one.
        ({"frequency": "monthly", "interval": 3}, "2027-02-01"),
        ({"frequency": "monthly", "interval": 3, "day_of_month": 30}, "2026-11-30"),
        ({"frequency": "monthly", "interval": 2, "day_of_month": 5}, "2027-01-05"),
        ({"frequency": "weekly", "interval": 2, "days": ["tue"]}, "2026-12-01"),
        ({"frequency": "weekly", "interval": 2, "days": ["sun"]}, "2026-11-22"),
        ({"frequency": "weekly", "interval": 3}, "2026-12-07"),
        # It is the nineteenth already where this counts.
        ({"frequency": "daily", "interval": 2}, "2026-11-21"),
        ({"frequency": "monthly", "interval": 12, "day_of_month": 1}, "2027-11-01"),
    ],
)
def test_periods_are_counted_from_the_one_that_it_is_in_the_zone(
    fields: dict[str, Any], expected: str
) -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    moment = rule(**fields).next_after(datetime(2026, 11, 18, 15, 0, 1, tzinfo=UTC), tokyo)
    assert moment is not None
    assert f"{moment.astimezone(tokyo):%Y-%m-%d %H:%M}" == f"{expected} 00:00"


@pytest.mark.rule("E-DELAY-13")
def test_a_rule_in_a_variable_may_have_space_around_it_and_all_moments_are_in_utc() -> None:
    assert resolve_moment('  {"unit": "hours", "value": 1} ', NOW, YORK) == NOW + timedelta(hours=1)
    for text in ("2026-03-05T01:00:00+02:00", "2026-03-04T23:00:00", ' {"frequency": "daily", "hours": 18} '):
        moment = resolve_moment(text, NOW, YORK)
        assert isinstance(moment, datetime)
        assert (moment, moment.tzinfo) == (datetime(2026, 3, 4, 23, tzinfo=UTC), UTC)


@pytest.mark.rule("E-DELAY-11", "E-DELAY-12")
@pytest.mark.parametrize("name", ZONES)
def test_through_every_change_of_clocks_a_daily_rule_is_the_next_such_time_on_the_wall(name: str) -> None:
    zone = ZoneInfo(name)
    for change in changes(zone):
        for asked in (change - timedelta(minutes=25), change):
            shown = asked.astimezone(zone)
            given = rule(frequency="daily", hours=shown.hour, minutes=shown.minute // 5 * 5)
            for now in (change - timedelta(minutes=40), asked):
                assert given.next_after(now, zone) == first_on_the_wall(given, now, zone), (name, now)


@pytest.mark.rule("E-DELAY-11", "E-DELAY-12")
@settings(deadline=None, max_examples=60)
@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    now=MOMENTS,
    days=st.none() | st.sampled_from(["weekdays", "weekends"]) | st.lists(st.sampled_from(DAYS), min_size=1),
    frequency=st.sampled_from(["daily", "weekly"]),
    hours=st.integers(0, 23),
    minutes=st.integers(0, 11).map(lambda count: 5 * count),
)
def test_a_rule_is_the_first_such_time_strictly_after_now(
    zone: ZoneInfo, now: datetime, frequency: str, days: Any, hours: int, minutes: int
) -> None:
    given = rule(frequency=frequency, days=days, hours=hours, minutes=minutes)

    assert given.next_after(now, zone) == first_on_the_wall(given, now, zone)


@pytest.mark.rule("E-DELAY-11")
@settings(deadline=None, max_examples=150)
@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    now=MOMENTS,
    fields=st.fixed_dictionaries(
        {"frequency": st.sampled_from(["hourly", "daily", "weekly", "monthly"])},
        optional={
            "interval": st.integers(1, 5),
            "days": st.lists(st.sampled_from(DAYS), min_size=1),
            "hours": st.integers(0, 23),
            "minutes": st.integers(0, 11).map(lambda count: 5 * count),
            "day_of_month": st.integers(1, 31),
        },
    ),
)
def test_whatever_a_rule_says_it_lies_strictly_ahead_on_a_day_of_its_own(
    zone: ZoneInfo, now: datetime, fields: dict[str, Any]
) -> None:
    moment = resolve_moment(fields, now, zone)

    if isinstance(moment, str):
        # Only a date that must also be some weekday, in some months, can be more than a year away.
        assert fields["frequency"] == "monthly"
        assert {"days", "day_of_month"} <= fields.keys()
        return
    assert now < moment <= now + LONGEST
    if "days" in fields:
        shown = (moment - timedelta(hours=3)).astimezone(zone), moment.astimezone(zone)
        assert {DAYS[at.weekday()] for at in shown} & set(fields["days"])


@pytest.mark.rule(
    "E-DELAY-3", "E-DELAY-4", "E-DELAY-6", "E-DELAY-13", "E-BATCH-8", "E-BATCH-15", "E-THROTTLE-6"
)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-04T12:00:01Z", NOW + timedelta(seconds=1)),
        ("2026-03-04T09:00:00-05:00", NOW + timedelta(hours=2)),
        ("2026-03-04T13:00:00", NOW + timedelta(hours=1)),
        ("2026-03-05", datetime(2026, 3, 5, tzinfo=UTC)),
        ({"unit": "minutes", "value": 5}, NOW + timedelta(minutes=5)),
        ('{"unit": "seconds", "value": 30}', NOW + timedelta(seconds=30)),
        ({"frequency": "daily", "hours": 9}, NOW + timedelta(hours=2)),
        ('{"frequency": "daily", "hours": 9}', NOW + timedelta(hours=2)),
        ({"unit": "days", "value": 365}, NOW + LONGEST),
        ({"unit": "days", "value": 366}, "is more than 365 days away"),
        ("2036-01-01T00:00:00Z", "is more than 365 days away"),
        (None, MISSING),
        ("", MISSING),
        ("2026-03-04T12:00:00Z", PAST),
        ("0001-01-01T00:00:00+14:00", MALFORMED),
        ({"unit": "hours", "value": -1}, PAST),
        ({"unit": "hours", "value": 0}, PAST),
        ({"unit": "hours"}, MALFORMED),
        ({"unit": "fortnights", "value": 1}, MALFORMED),
        ({"frequency": "yearly"}, MALFORMED),
        ({"frequency": "daily", "minutes": 7}, MALFORMED),
        ({"frequency": "daily", "hours": 24}, MALFORMED),
        ({"frequency": "daily", "hour": 9}, MALFORMED),
        ({"frequency": "daily", "days": []}, NEVER),
        ("tomorrow", MALFORMED),
        ("{", MALFORMED),
        (1_800_000_000, MALFORMED),
        (True, MALFORMED),
        ([], MALFORMED),
        ({}, MALFORMED),
    ],
)
def test_a_value_of_somebodys_data_is_a_moment_or_why_not(value: Any, expected: datetime | str) -> None:
    assert resolve_moment(value, NOW, YORK) == expected


@pytest.mark.rule("E-DELAY-2", "E-DELAY-4", "E-BATCH-9")
@pytest.mark.parametrize(
    ("value", "offset", "expected"),
    [
        ("2026-03-06T12:00:00Z", Duration(unit="days", value=-1), NOW + timedelta(days=1)),
        ("2026-03-06T12:00:00Z", Duration(unit="hours", value=2), NOW + timedelta(days=2, hours=2)),
        ("2026-03-04T11:00:00Z", Duration(unit="hours", value=2), NOW + timedelta(hours=1)),
        ("2027-03-10T12:00:00Z", Duration(unit="weeks", value=-2), NOW + timedelta(days=357)),
        ("2026-03-04T13:00:00Z", Duration(unit="hours", value=-1), PAST),
        ("2026-03-04T13:00:00Z", Duration(unit="months", value=12), "is more than 365 days away"),
        ("soon", Duration(unit="hours", value=1), MALFORMED),
    ],
)
def test_an_offset_is_added_to_what_the_value_says(
    value: str, offset: Duration, expected: datetime | str
) -> None:
    assert resolve_moment(value, NOW, YORK, offset) == expected


@pytest.mark.rule("E-THROTTLE-7")
def test_a_window_may_be_held_shorter_than_a_year() -> None:
    month = timedelta(days=31)

    assert resolve_moment({"unit": "days", "value": 31}, NOW, YORK, longest=month) == NOW + month
    assert resolve_moment({"unit": "days", "value": 32}, NOW, YORK, longest=month) == (
        "is more than 31 days away"
    )


def changes(zone: ZoneInfo) -> Iterator[datetime]:
    """The moments from 2020 to 2035 at which a zone's clocks change."""
    day = START
    while day.year <= 2035:
        low, high = day, day + timedelta(days=1)
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield high.replace(second=0, microsecond=0)
        day += timedelta(days=1)


def first_on_the_wall(given: WindowRule, now: datetime, zone: ZoneInfo) -> datetime:
    """What somebody sees who watches a clock and notes the first time that is the rule's, or beyond it."""
    days = EVERY_DAY
    if isinstance(given.days, str):
        days = NAMED_DAYS[given.days]
    elif given.days:
        days = frozenset(DAYS.index(day) for day in given.days)
    elif given.frequency == "weekly":
        days = frozenset((0,))
    at = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
    before = at.astimezone(zone).replace(tzinfo=None)
    while True:
        at += GRID
        shown = at.astimezone(zone).replace(tzinfo=None)
        wanted = shown.replace(hour=given.hours, minute=given.minutes)
        if (
            at > now
            and before < wanted <= shown
            and shown.weekday() in days
            and at.astimezone(zone).fold == 0
        ):
            return at
        before = shown
