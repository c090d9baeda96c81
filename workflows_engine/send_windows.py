"""When a channel may send, by weekday: what may be written, and when a window opens (E-CHANNEL-12)."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Final, Literal, get_args
from zoneinfo import ZoneInfo

from models.values.wall_time import moment_of
from pydantic import AfterValidator, Field, field_validator, model_validator

from workflows_engine.step import Written

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)
MINUTES_OF_A_DAY = 24 * 60
_DAYS_AHEAD: Final = 15
"""Two weeks: a change of clocks can swallow one window of a week, not both."""


class SendWindow(Written):
    """One day. Times are `HH:MM`, `HH:MM:SS`, or minutes since midnight, and belong to days that send."""

    day: Weekday
    type: Literal["send", "do_not_send"]
    from_: str | int | None = Field(default=None, alias="from")
    until: str | int | None = None

    @field_validator("from_", "until")
    @classmethod
    def _is_a_time(cls, value: str | int | None) -> str | int | None:
        if value is not None:
            minutes_of(value)
        return value

    @model_validator(mode="after")
    def _is_a_window(self) -> "SendWindow":
        if self.type == "do_not_send" and (self.from_ is not None or self.until is not None):
            raise ValueError("from and until belong to days of type send")
        if self.type == "send" and self._end <= self._start:
            raise ValueError("until must be later than from")
        return self

    @property
    def _start(self) -> float:
        return 0 if self.from_ is None else minutes_of(self.from_)

    @property
    def _end(self) -> float:
        return MINUTES_OF_A_DAY if self.until is None else minutes_of(self.until)

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """When it opens and closes on a day, in UTC."""
        return _moment(day, self._start, zone), _moment(day, self._end, zone)


def _moment(day: date, minutes: float, zone: ZoneInfo) -> datetime:
    """Midnight of the next day is the end of this one."""
    if minutes >= MINUTES_OF_A_DAY:
        return moment_of(day + timedelta(days=1), time(), zone)
    seconds = round(minutes * 60)
    return moment_of(day, time(seconds // 3600, seconds // 60 % 60, seconds % 60), zone)


def minutes_of(value: str | int) -> float:
    """Minutes since midnight; raises ValueError for what is no time of day."""
    if isinstance(value, int):
        if not 0 <= value <= MINUTES_OF_A_DAY:
            raise ValueError(f"minutes since midnight are between 0 and {MINUTES_OF_A_DAY}")
        return value
    try:
        read = time.fromisoformat(value)
    except ValueError:
        raise ValueError('a time of day is written "HH:MM" or "HH:MM:SS"') from None
    return read.hour * 60 + read.minute + read.second / 60


def _whole_weeks(windows: list[SendWindow] | None) -> list[SendWindow] | None:
    if windows:
        days = [window.day for window in windows]
        if len(set(days)) != 7 or len(days) != 7:
            raise ValueError("send windows need one object for each of the seven days")
        if all(window.type == "do_not_send" for window in windows):
            raise ValueError("with these send windows nothing would ever be sent")
    return windows


SendWindows = Annotated[list[SendWindow] | None, AfterValidator(_whole_weeks)]


def opening(windows: list[SendWindow] | None, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment, in UTC, until which a message waits; None while its windows are open (E-CHANNEL-14).

    Windows are wall time in the zone: `from` belongs to them, `until` does not (E-DELAY-12 for changes of
    clocks).
    """
    if not windows:
        return None
    by_day = {window.day: window for window in windows}
    today = now.astimezone(zone).date()
    for ahead in range(_DAYS_AHEAD):
        day = today + timedelta(days=ahead)
        window = by_day[WEEKDAYS[day.weekday()]]
        if window.type != "send":
            continue
        opens, closes = window.on(day, zone)
        if now < opens < closes:
            return opens
        if opens <= now < closes:
            return None
    return None
