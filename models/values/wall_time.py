"""Wall-clock time in a zone, and the moment it names (E-DELAY-11, E-DELAY-12)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

FALLBACK = "Etc/UTC"
"""The zone of whoever has none that exists."""


def zone_of(names: Iterable[object]) -> ZoneInfo:
    """The first of these names that the time zone database knows, else UTC."""
    known = _known()
    return ZoneInfo(next((name for name in names if isinstance(name, str) and name in known), FALLBACK))


def moment_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When the clocks of a zone show this time, in UTC.

    A time that a change of clocks leaves out moves forward to the first one that exists; of one that comes
    twice the first is meant (E-DELAY-12).
    """
    moment = datetime.combine(day, at, zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, at):
        return moment
    return _first_after_gap(moment, zone)


def _first_after_gap(after: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the clocks jumped, in the day before `after`: the first that shows a new offset."""
    low, high = after - timedelta(days=1), after
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(available_timezones())
