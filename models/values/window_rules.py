"""When a dynamic window ends: a timestamp, a duration or a window rule found in data (E-DELAY-10)."""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.values.durations import LONGEST, Duration
from models.values.plain_json import read_json
from models.values.wall_time import moment_of

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
NAMED_DAYS = {"weekdays": frozenset(range(5)), "weekends": frozenset((5, 6))}
EVERY_DAY = frozenset(range(7))

MISSING = "is missing"
MALFORMED = "is no timestamp, duration or window rule"
PAST = "is not in the future"
NEVER = "never comes within a year"
HOUR = timedelta(hours=1)
YEAR = timedelta(days=366)


class WindowRule(BaseModel):
    """A time on the wall that comes again: "Monday at nine" is `{frequency: weekly, days: [mon], hours: 9}`.

    What is left out is the beginning of its period: minute 0, hour 0, Monday, the first of the month. `days`
    are those on which the rule is valid. An `interval` counts periods from the one that it is now.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    frequency: Literal["hourly", "daily", "weekly", "monthly"]
    interval: int = Field(default=1, ge=1, le=1_000)
    days: list[Day] | Literal["weekdays", "weekends"] | None = None
    hours: int = Field(default=0, ge=0, le=23)
    minutes: int = Field(default=0, ge=0, le=55, multiple_of=5)
    day_of_month: int | None = Field(default=None, ge=1, le=31)

    def next_after(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """The first occurrence strictly after `now`, in UTC, or None within a year (E-DELAY-11)."""
        occurrences = self._hours(now, zone) if self.frequency == "hourly" else self._days(now, zone)
        return next((moment for moment in occurrences if moment > now), None)

    def _hours(self, now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Every so many hours that pass: unlike a time of day, a minute comes in both of a doubled hour."""
        for passed in range(0, YEAR // HOUR, self.interval):
            shown = (now + passed * HOUR).astimezone(zone)
            if shown.weekday() in self._valid:
                at = shown.replace(minute=self.minutes, second=0, microsecond=0)
                # The time knows by its fold in which of a doubled hour it is.
                yield moment_of(at.date(), at.time(), zone)

    def _days(self, now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        today = now.astimezone(zone).date()
        # Yesterday, as a time that clocks left out may have moved over midnight.
        for passed in range(-1, YEAR.days + 1):
            try:
                day = today + timedelta(days=passed)
                if self._is_on(day, today):
                    yield moment_of(day, time(self.hours, self.minutes), zone)
            except OverflowError:
                return

    def _is_on(self, day: date, today: date) -> bool:
        match self.frequency:
            case "monthly":
                periods = (day.year - today.year) * 12 + day.month - today.month
            case "weekly":
                periods = (_monday(day) - _monday(today)).days // 7
            case _:
                periods = (day - today).days
        return periods % self.interval == 0 and day.weekday() in self._valid and self._is_on_date(day)

    def _is_on_date(self, day: date) -> bool:
        """A day that a short month lacks is its last one (E-DELAY-11)."""
        if self.frequency != "monthly" or (self.day_of_month is None and self.days is not None):
            return True
        return day.day == min(self.day_of_month or 1, calendar.monthrange(day.year, day.month)[1])

    @property
    def _valid(self) -> frozenset[int]:
        if isinstance(self.days, str):
            return NAMED_DAYS[self.days]
        if self.days is not None:
            return frozenset(DAYS.index(day) for day in self.days)
        return frozenset((0,)) if self.frequency == "weekly" else EVERY_DAY


def resolve_moment(
    value: Any, now: datetime, zone: ZoneInfo, offset: Duration | None = None, *, longest: timedelta = LONGEST
) -> datetime | str:
    """When the window ends that a value of somebody's data describes, in UTC, or why that cannot be told.

    The moment is strictly after `now` and at most `longest` away. Durations count from `now`, rules are
    read in `zone`, a timestamp without a zone is UTC, and `offset` is added to what they say (E-BATCH-9).
    The value may also be a JSON text, as variables hold them (E-DELAY-13). A reason continues a sentence
    that names the value: "is missing".
    """
    if value is None or value == "":
        return MISSING
    base = _moment(value, now, zone)
    if isinstance(base, str):
        return base
    moment = base if offset is None else offset.after(base)
    if moment <= now:
        return PAST
    if moment - now > longest:
        return f"is more than {longest.days} days away"
    return moment


def _moment(value: Any, now: datetime, zone: ZoneInfo) -> datetime | str:
    if isinstance(value, str):
        if not value.lstrip().startswith("{"):
            return _timestamp(value) or MALFORMED
        try:
            value = read_json(value)
        except ValueError:
            return MALFORMED
    if not isinstance(value, dict):
        return MALFORMED
    try:
        if "frequency" in value:
            return WindowRule.model_validate(value).next_after(now, zone) or NEVER
        return Duration.model_validate(value).after(now)
    except ValidationError:
        return MALFORMED


def _timestamp(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
