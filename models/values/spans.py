"""Spans of time as people type them: `90s`, `36h`, `1d12h`."""

import re
from datetime import timedelta

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_SPAN = re.compile(r"(?:\d{1,9}[wdhms])+", re.ASCII)
_PART = re.compile(r"(\d+)([wdhms])", re.ASCII)


def read_span(text: str) -> timedelta:
    """Raises ValueError for what is no span."""
    if not _SPAN.fullmatch(text.strip()):
        raise ValueError(f'"{text}" is no span of time; write for example 90s, 36h or 1d12h')
    parts = _PART.findall(text)
    return sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in parts), timedelta())
