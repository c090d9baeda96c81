"""Lengths of time as workflows write them (E-SHAPE-3)."""

import calendar
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

Unit = Literal["seconds", "minutes", "hours", "days", "weeks", "months"]

LONGEST = timedelta(days=365)
"""No delay or window lasts longer (E-DELAY-6, E-BATCH-15)."""


class Duration(BaseModel):
    """`{unit, value}`; months are calendar months, clamped to the month's end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Unit
    value: int

    def after(self, start: datetime) -> datetime:
        """The moment this long after `start`; before it when the value is negative (E-DELAY-2)."""
        try:
            return self._after(start)
        except (OverflowError, ValueError):
            # Beyond the calendar. Whoever asks refuses what is too far away, or past.
            if self.value > 0:
                return datetime.max.replace(tzinfo=start.tzinfo)
            return datetime.min.replace(tzinfo=start.tzinfo)

    def _after(self, start: datetime) -> datetime:
        if self.unit == "months":
            return _add_months(start, self.value)
        return start + timedelta(**{self.unit: self.value})

    def __str__(self) -> str:
        unit = self.unit.removesuffix("s") if self.value == 1 else self.unit
        return f"{self.value} {unit}"


def _add_months(start: datetime, months: int) -> datetime:
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
