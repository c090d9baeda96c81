"""Filters over times: date, timezone."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from liquid.exceptions import FilterArgumentError
from liquid.filter import with_context
from liquid.undefined import Undefined

from rendering.context import TimedContext
from rendering.printing import to_text

_LONGEST_TIME: Final = 64
_WRITTEN_DATES: Final = ("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%Y/%m/%d")
_DIRECTIVES = re.compile(r"%[%s]")


@with_context
def date(value: object, pattern: object = None, zone: object = None, *, context: TimedContext) -> str:
    """`value` in the words of a strftime pattern, in `zone` if one is given, else in its own offset.

    `value` is an ISO-8601 text, a written date, seconds since 1970, "now" or "today". What is none of these
    comes back as it is, as in every Liquid.
    """
    moment = moment_of(value, context.now)
    if moment is None or not pattern:
        return to_text(value)
    if zone:
        moment = moment.astimezone(_zone(zone))
    return _format(moment, to_text(pattern))


@with_context
def timezone(value: object, zone: object, *, context: TimedContext) -> str:
    """The same instant in `zone`, as ISO-8601 with its offset; what is no time comes back as it is."""
    moment = moment_of(value, context.now)
    return to_text(value) if moment is None else moment.astimezone(_zone(zone)).isoformat()


def moment_of(value: object, now: datetime) -> datetime | None:
    """The time that `value` means; one without an offset is UTC."""
    if value is None or isinstance(value, bool | Undefined):
        return None
    text = to_text(value).strip()
    if text in ("now", "today"):
        return now
    if len(text) > _LONGEST_TIME:
        return None
    moment = _from_epoch(text) if text.lstrip("-").isdigit() else _from_text(text)
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _from_epoch(digits: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(digits), UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _from_text(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for pattern in _WRITTEN_DATES:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(to_text(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise FilterArgumentError(f"unknown time zone '{to_text(name)[:_LONGEST_TIME]}'", token=None) from err


def _format(moment: datetime, pattern: str) -> str:
    # The platform's %s reads the machine's own zone.
    seconds = str(int(moment.timestamp()))
    return moment.strftime(_DIRECTIVES.sub(lambda found: seconds if found[0] == "%s" else "%%", pattern))
