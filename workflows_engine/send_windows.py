"""When a channel may send, by weekday (E-CHANNEL-12): how it is written and what is refused."""

from datetime import time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from workflows_engine.step import Written

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MINUTES_OF_A_DAY = 24 * 60


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

    @property
    def is_whole_day(self) -> bool:
        return self.type == "send" and self._start == 0 and self._end >= MINUTES_OF_A_DAY


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


def never_wait(windows: list[SendWindow] | None) -> bool:
    """Whether they allow sending at any time, as no windows do."""
    return all(window.is_whole_day for window in windows or [])
