"""How a schedule repeats, as Knock's callers write it (E-SCHED-1, E-SCHED-2)."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `date.weekday()`."""

_GROUPS = {"weekdays": list(DAYS[:5]), "weekends": list(DAYS[5:])}
LONGEST_INTERVAL = 1_000
STEP_OF_MINUTES = 5


def _days(given: Any) -> Any:
    """`"weekdays"` and `"weekends"` stand for their days; no day at all filters nothing."""
    if isinstance(given, str) and given not in _GROUPS:
        raise ValueError('must be a list of days, "weekdays" or "weekends"')
    return _GROUPS[given] if isinstance(given, str) else given or None


def _in_order(days: list[Day]) -> list[Day]:
    return [day for day in DAYS if day in days]


def _in_steps(minutes: int) -> int:
    if minutes % STEP_OF_MINUTES:
        raise ValueError(f"must be a multiple of {STEP_OF_MINUTES}")
    return minutes


class RepeatRule(BaseModel):
    """One rule of a schedule; filters combine, and wall-clock fields are the recipient's (E-SCHED-3)."""

    model_config = ConfigDict(frozen=True)

    frequency: Literal["hourly", "daily", "weekly", "monthly"]
    interval: Annotated[int, Field(ge=1, le=LONGEST_INTERVAL)] = 1
    day_of_month: Annotated[int, Field(ge=1, le=31)] | None = None
    days: Annotated[Annotated[list[Day], AfterValidator(_in_order)] | None, BeforeValidator(_days)] = None
    hours: Annotated[int, Field(ge=0, le=23)] | None = None
    minutes: Annotated[int, Field(ge=0, le=59), AfterValidator(_in_steps)] | None = None
