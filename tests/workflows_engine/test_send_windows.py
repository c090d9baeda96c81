"""When a message may go out."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from workflows_engine.send_windows import WEEKDAYS, SendWindow, SendWindows, minutes_of, opening

READ: TypeAdapter[list[SendWindow] | None] = TypeAdapter(SendWindows)
BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_FIVE = {"type": "send", "from": "09:00:00", "until": "17:00:00"}
CLOSED = {"type": "do_not_send"}


def week(default: dict[str, Any], **days: dict[str, Any]) -> list[SendWindow]:
    read = READ.validate_python([{"day": day, **days.get(day, default)} for day in WEEKDAYS])
    assert read is not None
    return read


OFFICE = week(NINE_TO_FIVE, saturday=CLOSED, sunday=CLOSED)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.rule("E-CHANNEL-12", "E-CHANNEL-14")
@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-18 12:00", None),
        ("2026-11-18 09:00", None),
        ("2026-11-18 16:59:59", None),
        ("2026-11-18 08:59:59", "2026-11-18 09:00"),
        ("2026-11-18 17:00", "2026-11-19 09:00"),
        ("2026-11-20 18:00", "2026-11-23 09:00"),
        ("2026-11-21 12:00", "2026-11-23 09:00"),
    ],
    ids=["within", "at_from", "before_until", "before_from", "at_until", "after_friday", "on_saturday"],
)
def test_a_message_waits_for_the_next_opening(now: str, opens: str | None) -> None:
    assert opening(OFFICE, at(now), BERLIN) == (None if opens is None else at(opens))


@pytest.mark.rule("E-CHANNEL-12")
def test_no_windows_and_whole_days_never_wait() -> None:
    assert opening(None, at("2026-11-18 03:00"), BERLIN) is None
    assert opening([], at("2026-11-18 03:00"), BERLIN) is None
    assert opening(week({"type": "send"}), at("2026-11-18 23:59:59"), BERLIN) is None


@pytest.mark.rule("E-CHANNEL-13")
def test_windows_are_wall_time_in_their_zone() -> None:
    now = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
    assert opening(OFFICE, now, BERLIN) is None
    los_angeles = ZoneInfo("America/Los_Angeles")
    assert opening(OFFICE, now, los_angeles) == at("2026-11-18 09:00", los_angeles)


@pytest.mark.rule("E-CHANNEL-12")
@pytest.mark.parametrize("value", ["09:30", "09:30:00", 570])
def test_times_may_be_written_in_three_ways(value: Any) -> None:
    assert minutes_of(value) == 570
    windows = week({"type": "send", "from": value})
    assert opening(windows, at("2026-11-18 08:00"), BERLIN) == at("2026-11-18 09:30")


@pytest.mark.rule("E-CHANNEL-12")
def test_a_time_that_a_change_of_clocks_leaves_out_is_the_first_that_exists() -> None:
    windows = week({"type": "send", "from": "02:30", "until": "06:00"})
    assert opening(windows, at("2026-03-29 01:00"), BERLIN) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


@pytest.mark.rule("E-CHANNEL-12", "E-CHANNEL-15")
@pytest.mark.parametrize(
    "days",
    [
        [{"day": day, **CLOSED} for day in WEEKDAYS],
        [{"day": day, "type": "send"} for day in WEEKDAYS[:6]],
        [{"day": "monday", "type": "send"} for _ in range(7)],
        [{"day": day, "type": "send", "from": "10:00", "until": "09:00"} for day in WEEKDAYS],
        [{"day": day, "type": "send", "from": "10:00", "until": "10:00"} for day in WEEKDAYS],
        [{"day": day, "type": "do_not_send", "from": "10:00"} for day in WEEKDAYS],
        [{"day": day, "type": "send", "from": "ten"} for day in WEEKDAYS],
        [{"day": day, "type": "send", "from": 1441} for day in WEEKDAYS],
    ],
    ids=["never", "six_days", "one_day", "backwards", "empty", "closed_hours", "no_time", "no_minute"],
)
def test_windows_that_mean_nothing_are_refused(days: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        READ.validate_python(days)


@pytest.mark.rule("E-CHANNEL-12", "E-CHANNEL-15")
@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([{"day": "monday", "type": "send"}], "one object for each of the seven days"),
        ([{"day": day, **CLOSED} for day in WEEKDAYS], "nothing would ever be sent"),
        ([{"day": "monday", "type": "send", "from": "nine"}], 'is written "HH:MM" or "HH:MM:SS"'),
        ([{"day": "monday", "type": "send", "from": 1441}], "between 0 and 1440"),
    ],
)
def test_a_refusal_says_what_is_wrong(days: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        READ.validate_python(days)


@pytest.mark.rule("E-CHANNEL-12")
def test_times_are_read_to_the_second() -> None:
    assert (minutes_of("08:30"), minutes_of("08:30:15"), minutes_of(75)) == (510, 510.25, 75)
    precise = week({"type": "send", "from": "08:30:15", "until": "17:00:45"})
    assert opening(precise, at("2026-11-18 08:30:14"), BERLIN) == at("2026-11-18 08:30:15")
    assert opening(precise, at("2026-11-18 17:00:44"), BERLIN) is None
    assert opening(precise, at("2026-11-18 17:00:45"), BERLIN) == at("2026-11-19 08:30:15")


@pytest.mark.rule("E-CHANNEL-13")
def test_the_day_of_a_window_is_the_zones_and_lasts_until_its_midnight() -> None:
    fridays = week(CLOSED, friday={"type": "send"})
    auckland = ZoneInfo("Pacific/Auckland")
    assert opening(fridays, at("2026-11-20 00:00", auckland), auckland) is None
    assert opening(fridays, at("2026-11-20 23:59:59", auckland), auckland) is None
    assert opening(fridays, at("2026-11-21 00:00", auckland), auckland) == at("2026-11-27 00:00", auckland)


@pytest.mark.rule("E-CHANNEL-14")
def test_a_window_that_a_change_of_clocks_swallows_never_opens() -> None:
    skipped = week(CLOSED, sunday={"type": "send", "from": "02:00", "until": "03:00"})
    assert opening(skipped, at("2026-03-28 12:00"), BERLIN) == at("2026-04-05 02:00")


ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Etc/UTC"]
)
SOME_DAY = datetime(2020, 1, 1, tzinfo=UTC)
MINUTES = st.integers(0, 24 * 60)


@st.composite
def weeks(draw: st.DrawFn) -> list[SendWindow]:
    days = []
    for day in WEEKDAYS:
        low, high = sorted((draw(MINUTES), draw(MINUTES)))
        window = {"type": "send", "from": low, "until": high}
        days.append({"day": day, **(window if high > low and draw(st.booleans()) else CLOSED)})
    if all(day["type"] == "do_not_send" for day in days):
        days[0] = {"day": "monday", "type": "send"}
    read = READ.validate_python(days)
    assert read is not None
    return read


@pytest.mark.rule("E-CHANNEL-12", "E-CHANNEL-13", "E-CHANNEL-14")
@given(
    windows=weeks(),
    now=st.integers(0, 15 * 365 * 24 * 3600).map(lambda seconds: SOME_DAY + timedelta(seconds=seconds)),
    zone=ZONES.map(ZoneInfo),
)
def test_an_opening_is_later_and_within_two_weeks_and_nothing_waits_once_it_has_come(
    windows: list[SendWindow], now: datetime, zone: ZoneInfo
) -> None:
    opens = opening(windows, now, zone)
    if opens is not None:
        assert now < opens <= now + timedelta(days=15)
        assert opening(windows, opens, zone) is None
        # A moment before, it still had to wait for just that.
        assert opening(windows, opens - timedelta(seconds=1), zone) == opens or opens - now < timedelta(
            seconds=1
        )
