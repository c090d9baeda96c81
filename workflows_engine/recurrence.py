"""When a schedule occurs: pure functions of its rules, its anchors, a moment and a zone (E-SCHED)."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.values.repeats import DAYS, RepeatRule
from models.values.wall_time import moment_of

INSTANT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HORIZON = timedelta(days=50 * 366)
"""A rule whose filters leave nothing for this long is over."""
HOURLY_HORIZON = timedelta(days=5 * 366)


@dataclass(frozen=True)
class Recurrence:
    """What a schedule asks for.

    Without rules it is a one-off at `scheduled_at`; with rules that is the start moment, and an occurrence
    may fall on it (E-SCHED-1). Nothing occurs after `ending_at`, something may at it (E-SCHED-7). `anchors`
    hold each rule's first occurrence with the offset of then; intervals count from there (E-SCHED-5).
    """

    rules: tuple[RepeatRule, ...] = ()
    scheduled_at: datetime | None = None
    ending_at: datetime | None = None
    anchors: tuple[datetime, ...] = ()

    def first(self, now: datetime) -> datetime:
        """The moment from which `after` finds the first occurrence of a schedule made now.

        A one-off whose moment has passed already is due at once.
        """
        return now if self.rules or self.scheduled_at is None else min(now, self.scheduled_at - INSTANT)

    def after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The earliest occurrence strictly after a moment, or None when there is none any more."""
        if not self.rules:
            found = self.scheduled_at if self.scheduled_at and self.scheduled_at > moment else None
        else:
            start = moment if self.scheduled_at is None else max(moment, self.scheduled_at - INSTANT)
            pairs = zip(self.rules, self.anchors, strict=True)
            each = (next_of(rule, anchor, start, zone) for rule, anchor in pairs)
            found = min((one for one in each if one is not None), default=None)
        if found is None or (self.ending_at is not None and found > self.ending_at):
            return None
        return found


def anchors_of(
    rules: tuple[RepeatRule, ...], scheduled_at: datetime | None, now: datetime, zone: ZoneInfo
) -> tuple[datetime, ...]:
    """Each rule's first occurrence from the start moment on, in the zone's wall time.

    A weekly rule without days takes the weekday of the start (E-SCHED-6).
    """
    start = now if scheduled_at is None else scheduled_at - INSTANT
    local_start = (scheduled_at or now).astimezone(zone)
    found = []
    for rule in rules:
        every = rule.model_copy(update={"interval": 1})
        first = next_of(every, local_start, start, zone)
        found.append(local_start if first is None else first.astimezone(zone))
    return tuple(found)


def next_of(rule: RepeatRule, anchor: datetime, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The rule's first occurrence strictly after a moment, in UTC."""
    after = after.astimezone(UTC)  # Two moments in one zone would be subtracted as its clocks show them.
    try:
        if rule.frequency == "hourly":
            return _next_hour(rule, anchor, after, zone)
        at = time(rule.hours or 0, rule.minutes or 0)
        # A day earlier: clocks that jumped over midnight may have pushed its time past the moment.
        for day in _days(rule, anchor.date(), after.astimezone(zone).date() - DAY):
            moment = moment_of(day, at, zone)
            if moment > after:
                return moment
    except OverflowError:
        return None  # Beyond the calendar.
    return None


def _days(rule: RepeatRule, anchor: date, start: date) -> Iterator[date]:
    """The rule's days from `start` on: those of its phase that its filters leave."""
    phase = {"daily": _daily, "weekly": _weekly, "monthly": _monthly}[rule.frequency]
    for day in phase(rule, anchor, start):
        if day - start > HORIZON:
            return
        if day >= start and _passes(rule, day):
            yield day


def _daily(rule: RepeatRule, anchor: date, start: date) -> Iterator[date]:
    day = start + DAY * (-(start - anchor).days % rule.interval)
    while True:
        yield day
        day += DAY * rule.interval


def _weekly(rule: RepeatRule, anchor: date, start: date) -> Iterator[date]:
    monday = anchor - DAY * anchor.weekday()
    weeks = (start - monday).days // 7
    weeks += -weeks % rule.interval
    days = [DAYS.index(day) for day in rule.days or [DAYS[anchor.weekday()]]]
    while True:
        for number in days:
            yield monday + DAY * (7 * weeks + number)
        weeks += rule.interval


def _monthly(rule: RepeatRule, anchor: date, start: date) -> Iterator[date]:
    months = (start.year - anchor.year) * 12 + start.month - anchor.month
    months += -months % rule.interval
    while True:
        years, month = divmod(anchor.month - 1 + months, 12)
        if anchor.year + years > date.max.year:
            raise OverflowError
        first = date(anchor.year + years, month + 1, 1)
        if rule.day_of_month is None and rule.days is None:
            yield first
        else:
            for number in range(calendar.monthrange(first.year, first.month)[1]):
                yield first + DAY * number
        months += rule.interval


def _passes(rule: RepeatRule, day: date) -> bool:
    """Filters combine; a day of the month that the month has not is its last one (E-SCHED-6)."""
    if rule.days is not None and DAYS[day.weekday()] not in rule.days:
        return False
    if rule.day_of_month is None:
        return True
    return day.day == min(rule.day_of_month, calendar.monthrange(day.year, day.month)[1])


def _next_hour(rule: RepeatRule, anchor: datetime, after: datetime, zone: ZoneInfo) -> datetime | None:
    """Hours are counted as they pass, so that a change of clocks neither drops nor doubles one."""
    moment = _at_minute(after, rule.minutes or 0, zone)
    while moment - after < HOURLY_HORIZON:
        # To the nearest hour: a zone that is half an hour off changes the minutes, not the count.
        hours = (moment - anchor + HOUR / 2) // HOUR
        ahead = -hours % rule.interval
        if ahead:
            moment = _at_minute(moment + HOUR * ahead - HOUR / 2, rule.minutes or 0, zone)
        elif _passes(rule, moment.astimezone(zone).date()):
            return moment
        else:
            moment = _at_minute(moment, rule.minutes or 0, zone)
    return None


def _at_minute(after: datetime, minute: int, zone: ZoneInfo) -> datetime:
    """The first moment strictly after this one at which the zone's clocks show the minute."""
    moment = after
    for _ in range(3):
        local = moment.astimezone(zone)
        past = timedelta(minutes=local.minute - minute, seconds=local.second, microseconds=local.microsecond)
        moment -= past
        if moment <= after:
            moment += HOUR
        if moment.astimezone(zone).minute == minute:
            return moment
    return moment  # Clocks that jump by half an hour within it: the hour that passed counts.
