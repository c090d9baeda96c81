"""When schedules occur."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.values.repeats import DAYS, RepeatRule
from models.values.wall_time import moment_of
from workflows_engine.recurrence import Recurrence, anchors_of

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
UTC_ZONE = ZoneInfo("Etc/UTC")
ZONES = """
    Etc/UTC Europe/Berlin America/New_York America/Sao_Paulo Australia/Lord_Howe Asia/Kathmandu
    Africa/Casablanca America/Santiago Pacific/Apia Asia/Beirut
""".split()  # noqa: SIM905 - one a line would be a page
MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)


def rule(frequency: str, **more: Any) -> RepeatRule:
    return RepeatRule.model_validate({"frequency": frequency, **more})


def occurrences(
    *rules: RepeatRule,
    now: datetime = MONDAY,
    zone: ZoneInfo = UTC_ZONE,
    count: int = 3,
    scheduled_at: datetime | None = None,
    ending_at: datetime | None = None,
) -> list[str]:
    """The first ones of a schedule made now, as its zone's clocks show them."""
    anchors = anchors_of(rules, scheduled_at, now, zone)
    recurrence = Recurrence(rules, scheduled_at, ending_at, anchors)
    found: list[str] = []
    moment: datetime | None = recurrence.first(now)
    while moment is not None and len(found) < count:
        moment = recurrence.after(moment, zone)
        if moment is not None:
            found.append(f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}")
    return found


@pytest.mark.rule("E-SCHED-1", "E-SCHED-2", "E-SCHED-5", "E-SCHED-6")
@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            [rule("daily", hours=9, minutes=30)],
            ["Tue 2026-01-06 09:30", "Wed 2026-01-07 09:30", "Thu 2026-01-08 09:30"],
        ),
        ([rule("daily", hours=13)], ["Mon 2026-01-05 13:00", "Tue 2026-01-06 13:00", "Wed 2026-01-07 13:00"]),
        # Nothing strictly after now is now.
        ([rule("daily", hours=12)], ["Tue 2026-01-06 12:00", "Wed 2026-01-07 12:00", "Thu 2026-01-08 12:00"]),
        (
            [rule("daily", interval=3)],
            ["Tue 2026-01-06 00:00", "Fri 2026-01-09 00:00", "Mon 2026-01-12 00:00"],
        ),
        # An official example: filters combine.
        (
            [rule("daily", days="weekends", hours=10)],
            ["Sat 2026-01-10 10:00", "Sun 2026-01-11 10:00", "Sat 2026-01-17 10:00"],
        ),
        (
            [rule("daily", interval=2, days="weekdays")],
            ["Tue 2026-01-06 00:00", "Thu 2026-01-08 00:00", "Mon 2026-01-12 00:00"],
        ),
        (
            [rule("weekly", days="weekdays", hours=10, minutes=30)],
            ["Tue 2026-01-06 10:30", "Wed 2026-01-07 10:30", "Thu 2026-01-08 10:30"],
        ),
        # Every other week counts from the week of the first occurrence, which is Friday's.
        (
            [rule("weekly", interval=2, days=["mon", "fri"], hours=6)],
            ["Fri 2026-01-09 06:00", "Mon 2026-01-19 06:00", "Fri 2026-01-23 06:00"],
        ),
        # Without days: the weekday of the start.
        ([rule("weekly", hours=9)], ["Mon 2026-01-12 09:00", "Mon 2026-01-19 09:00", "Mon 2026-01-26 09:00"]),
        (
            [rule("weekly", hours=15)],
            ["Mon 2026-01-05 15:00", "Mon 2026-01-12 15:00", "Mon 2026-01-19 15:00"],
        ),
        # Without a day: the first of the month.
        ([rule("monthly")], ["Sun 2026-02-01 00:00", "Sun 2026-03-01 00:00", "Wed 2026-04-01 00:00"]),
        # The last day of the months that are too short.
        (
            [rule("monthly", day_of_month=31)],
            ["Sat 2026-01-31 00:00", "Sat 2026-02-28 00:00", "Tue 2026-03-31 00:00"],
        ),
        # Every year.
        (
            [rule("monthly", interval=12, day_of_month=29)],
            ["Thu 2026-01-29 00:00", "Fri 2027-01-29 00:00", "Sat 2028-01-29 00:00"],
        ),
        # Every Monday that is a 1st, and every Monday of each second month.
        (
            [rule("monthly", day_of_month=1, days=["mon"])],
            ["Mon 2026-06-01 00:00", "Mon 2027-02-01 00:00", "Mon 2027-03-01 00:00"],
        ),
        (
            [rule("monthly", interval=2, days=["mon"])],
            ["Mon 2026-01-12 00:00", "Mon 2026-01-19 00:00", "Mon 2026-01-26 00:00"],
        ),
        (
            [rule("daily", day_of_month=15)],
            ["Thu 2026-01-15 00:00", "Sun 2026-02-15 00:00", "Sun 2026-03-15 00:00"],
        ),
        (
            [rule("hourly", minutes=15)],
            ["Mon 2026-01-05 12:15", "Mon 2026-01-05 13:15", "Mon 2026-01-05 14:15"],
        ),
        (
            [rule("hourly", interval=10)],
            ["Mon 2026-01-05 13:00", "Mon 2026-01-05 23:00", "Tue 2026-01-06 09:00"],
        ),
        (
            [rule("hourly", interval=8, days=["tue"])],
            ["Tue 2026-01-06 00:00", "Tue 2026-01-06 08:00", "Tue 2026-01-06 16:00"],
        ),
        # Of several rules the earliest; two that meet are one occurrence.
        (
            [rule("daily", hours=9), rule("weekly", days=["tue"], hours=9), rule("weekly", days=["tue"])],
            ["Tue 2026-01-06 00:00", "Tue 2026-01-06 09:00", "Wed 2026-01-07 09:00"],
        ),
    ],
)
def test_a_schedule_occurs_when_its_rules_say(rules: list[RepeatRule], expected: list[str]) -> None:
    assert occurrences(*rules) == expected


@pytest.mark.rule("E-SCHED-1", "E-SCHED-5")
def test_with_rules_scheduled_at_is_the_start_and_may_be_an_occurrence() -> None:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)

    assert occurrences(rule("daily", interval=2, hours=9), scheduled_at=start) == [
        "Mon 2026-03-02 09:00",
        "Wed 2026-03-04 09:00",
        "Fri 2026-03-06 09:00",
    ]


@pytest.mark.rule("E-SCHED-5")
def test_a_start_in_the_past_sets_the_phase_and_is_not_made_up_for() -> None:
    start = datetime(2025, 12, 29, 9, tzinfo=UTC)

    assert occurrences(rule("weekly", interval=2, days=["mon"], hours=9), scheduled_at=start) == [
        "Mon 2026-01-12 09:00",
        "Mon 2026-01-26 09:00",
        "Mon 2026-02-09 09:00",
    ]


@pytest.mark.rule("E-SCHED-1", "E-SCHED-3")
@pytest.mark.parametrize("ahead", [timedelta(days=40), timedelta(0), timedelta(days=-3)])
def test_a_one_off_occurs_once_at_its_moment_and_at_once_where_that_has_passed(ahead: timedelta) -> None:
    at = MONDAY + ahead
    recurrence = Recurrence(scheduled_at=at)

    assert recurrence.after(recurrence.first(MONDAY), BERLIN) == at
    assert recurrence.after(max(at, MONDAY), BERLIN) is None


@pytest.mark.rule("E-SCHED-7")
def test_nothing_occurs_after_the_end_and_something_may_at_it() -> None:
    end = datetime(2026, 1, 7, 9, tzinfo=UTC)
    daily = rule("daily", hours=9)

    assert occurrences(daily, ending_at=end, count=9) == ["Tue 2026-01-06 09:00", "Wed 2026-01-07 09:00"]
    assert occurrences(daily, ending_at=end - timedelta(microseconds=1), count=9) == ["Tue 2026-01-06 09:00"]
    assert occurrences(scheduled_at=end, ending_at=end) == ["Wed 2026-01-07 09:00"]
    assert occurrences(scheduled_at=end + timedelta(seconds=1), ending_at=end) == []


@pytest.mark.rule("E-SCHED-3")
def test_rules_are_of_the_zones_wall_clocks() -> None:
    daily = rule("daily", hours=9)
    anchors = anchors_of((daily,), None, MONDAY, NEW_YORK)

    assert Recurrence((daily,), anchors=anchors).after(MONDAY, NEW_YORK) == datetime(
        2026, 1, 5, 14, tzinfo=UTC
    )
    assert Recurrence((daily,), anchors=anchors).after(MONDAY, BERLIN) == datetime(2026, 1, 6, 8, tzinfo=UTC)


@pytest.mark.rule("E-SCHED-4")
@pytest.mark.parametrize(
    ("hours", "around", "expected"),
    [
        # 02:30 does not exist on the 29th: the first valid moment after it.
        (2, datetime(2026, 3, 27, 12, tzinfo=UTC), ["03-28T01:30", "03-29T01:00", "03-30T00:30"]),
        # 02:30 comes twice on the 25th: the first one, once.
        (2, datetime(2026, 10, 23, 12, tzinfo=UTC), ["10-24T00:30", "10-25T00:30", "10-26T01:30"]),
    ],
)
def test_a_change_of_clocks_neither_drops_nor_doubles_a_day(
    hours: int, around: datetime, expected: list[str]
) -> None:
    daily = rule("daily", hours=hours, minutes=30)
    recurrence = Recurrence((daily,), anchors=anchors_of((daily,), None, around, BERLIN))
    found = []
    moment: datetime | None = around
    for _ in range(3):
        assert moment is not None
        moment = recurrence.after(moment, BERLIN)
        found.append(f"{moment:%m-%dT%H:%M}")

    assert found == expected


@pytest.mark.rule("E-SCHED-4")
@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_hours_are_counted_as_they_pass(day: datetime) -> None:
    hourly = rule("hourly", interval=2)
    recurrence = Recurrence((hourly,), anchors=anchors_of((hourly,), None, day, BERLIN))

    moment: datetime | None = day
    for number in range(12):
        assert moment is not None
        moment = recurrence.after(moment, BERLIN)
        assert moment == day + timedelta(hours=1 + 2 * number)


@pytest.mark.rule("E-SCHED-5")
def test_the_phase_stays_when_the_zone_changes() -> None:
    late = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)  # Tuesday already in Berlin.
    every_other = rule("daily", interval=2, hours=9)
    anchors = anchors_of((every_other,), None, late, BERLIN)

    moved = Recurrence((every_other,), anchors=anchors).after(late, NEW_YORK)

    assert moved == datetime(2026, 1, 6, 14, tzinfo=UTC)
    assert Recurrence((every_other,), anchors=anchors).after(moved, NEW_YORK) == datetime(
        2026, 1, 8, 14, tzinfo=UTC
    )


def test_filters_that_nothing_passes_end_the_schedule_instead_of_searching_for_ever() -> None:
    # Every fourteenth day from a Tuesday is never a Monday.
    tuesday = datetime(2026, 1, 6, tzinfo=UTC)

    impossible = Recurrence((rule("daily", interval=14, days=["mon"]),), anchors=(tuesday,))

    assert impossible.after(MONDAY, UTC_ZONE) is None


def test_the_end_of_the_calendar_ends_a_schedule() -> None:
    assert occurrences(rule("monthly"), scheduled_at=datetime(9999, 12, 30, tzinfo=UTC)) == []
    (last,) = occurrences(rule("monthly"), scheduled_at=datetime(9999, 11, 30, tzinfo=UTC))
    assert last == "Wed 9999-12-01 00:00"


@pytest.mark.rule("E-SCHED-5")
def test_a_month_is_found_however_long_ago_the_schedule_began() -> None:
    began = datetime(2020, 11, 1, tzinfo=UTC)
    every, each_third = [Recurrence((rule("monthly", interval=n),), anchors=(began,)) for n in (1, 3)]
    assert every.after(datetime(2026, 1, 1, tzinfo=UTC), UTC_ZONE) == datetime(2026, 2, 1, tzinfo=UTC)
    assert each_third.after(datetime(2026, 2, 1, tzinfo=UTC), UTC_ZONE) == datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.rule("E-SCHED-4")
@pytest.mark.parametrize(
    ("after", "fields", "expected"),
    [
        ("2026-06-01T12:34:56.789", {"minutes": 15}, "2026-06-01T12:45:00"),
        # Half an hour is left out at 15:30: no clock shows a quarter past two, and the hour still passes.
        ("2026-10-03T14:50:00", {"minutes": 15}, "2026-10-03T15:45:00"),
        # Half an hour comes twice from 15:00: the next quarter past is that of the hour after.
        ("2026-04-04T14:50:00", {"minutes": 15}, "2026-04-04T15:45:00"),
    ],
)
def test_an_hourly_schedule_is_on_the_clocks_minute_where_they_jump_by_half_an_hour(
    after: str, fields: dict[str, Any], expected: str
) -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    hourly = Recurrence((rule("hourly", **fields),), anchors=(moment.astimezone(zone),))
    assert hourly.after(moment, zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.rule("E-SCHED-2", "E-LIMITS-34")
@pytest.mark.parametrize(
    "wrong",
    [
        {"frequency": "yearly"},
        {"frequency": "daily", "minutes": 7},
        {"frequency": "daily", "minutes": 60},
        {"frequency": "daily", "hours": 24},
        {"frequency": "daily", "interval": 0},
        {"frequency": "monthly", "day_of_month": 32},
        {"frequency": "weekly", "days": ["monday"]},
        {"frequency": "weekly", "days": "holidays"},
        {},
    ],
)
def test_a_rule_that_says_nothing_possible_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        RepeatRule.model_validate(wrong)


SINCE = datetime(2020, 1, 1, tzinfo=UTC)
moments = st.integers(0, 16 * 366 * 86_400).map(lambda seconds: SINCE + timedelta(seconds=seconds))
zones = st.sampled_from(ZONES).map(ZoneInfo)
rules = st.builds(
    RepeatRule,
    frequency=st.sampled_from(["daily", "weekly", "monthly"]),
    interval=st.integers(1, 4),
    day_of_month=st.none() | st.integers(1, 31),
    days=st.none() | st.lists(st.sampled_from(DAYS), min_size=1, max_size=4),
    hours=st.none() | st.integers(0, 23),
    minutes=st.none() | st.sampled_from(range(0, 60, 5)),
)


@pytest.mark.rule("E-SCHED-2", "E-SCHED-4", "E-SCHED-5", "E-SCHED-6")
@settings(max_examples=300, deadline=None)
@given(rule=rules, now=moments, zone=zones)
def test_the_next_occurrence_is_the_first_that_a_day_by_day_reading_finds(
    rule: RepeatRule, now: datetime, zone: ZoneInfo
) -> None:
    (anchor,) = anchors_of((rule,), None, now, zone)
    recurrence = Recurrence((rule,), anchors=(anchor,))

    found = recurrence.after(now, zone)

    assert found == read_day_by_day(rule, anchor.date(), now, zone)
    if found is not None:
        assert found > now
        following = recurrence.after(found, zone)
        assert following is None or following > found


def read_day_by_day(rule: RepeatRule, anchor: date, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The slow way: every day of sixteen years, each filter by itself."""
    day = now.astimezone(zone).date() - timedelta(days=1)
    for _ in range(16 * 366):
        moment = moment_of(day, time(rule.hours or 0, rule.minutes or 0), zone)
        if moment > now and is_meant(rule, anchor, day):
            return moment
        day += timedelta(days=1)
    return Recurrence((rule,), anchors=(datetime.combine(anchor, time(), UTC),)).after(now, zone)


def is_meant(rule: RepeatRule, anchor: date, day: date) -> bool:
    days: list[str] | None = None if rule.days is None else list(rule.days)
    day_of_month = rule.day_of_month
    if rule.frequency == "daily":
        periods = (day - anchor).days
    elif rule.frequency == "weekly":
        periods = (
            day - timedelta(days=day.weekday()) - (anchor - timedelta(days=anchor.weekday()))
        ).days // 7
        days = days or [DAYS[anchor.weekday()]]
    else:
        periods = (day.year - anchor.year) * 12 + day.month - anchor.month
        if days is None and day_of_month is None:
            day_of_month = 1
    last = calendar.monthrange(day.year, day.month)[1]
    return (
        periods % rule.interval == 0
        and (days is None or DAYS[day.weekday()] in days)
        and (day_of_month is None or day.day == min(day_of_month, last))
    )


@pytest.mark.rule("E-SCHED-4")
@settings(max_examples=150, deadline=None)
@given(
    now=moments,
    zone=zones,
    interval=st.integers(1, 30),
    minutes=st.sampled_from(range(0, 60, 5)),
    days=st.none() | st.just(["sat"]),
)
def test_hourly_rules_come_strictly_later_at_their_minute_and_on_their_days(
    now: datetime, zone: ZoneInfo, interval: int, minutes: int, days: list[str] | None
) -> None:
    hourly = rule("hourly", interval=interval, minutes=minutes, days=days)
    recurrence = Recurrence((hourly,), anchors=anchors_of((hourly,), None, now, zone))

    found = recurrence.after(now, zone)

    assert found is not None
    assert found > now
    local = found.astimezone(zone)
    assert local.minute == minutes or zone.key == "Australia/Lord_Howe"
    assert days is None or DAYS[local.weekday()] in days
    following = recurrence.after(found, zone)
    assert following is not None
    assert following - found >= timedelta(minutes=interval * 60 - 30)
