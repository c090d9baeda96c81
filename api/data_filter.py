"""The `trigger_data` filter: a flat JSON object, written as a text."""

import json
from typing import Any

from api.errors import InvalidParams
from api.query import Query

NAME = "trigger_data"


def read_data_filter(query: Query) -> dict[str, Any] | None:
    """Of a query string, where what is no JSON object does not filter, like all filters of lists."""
    wanted = query.json_object(NAME)
    return None if wanted is None else _flat(wanted)


def checked_data_filter(text: str | None) -> dict[str, Any] | None:
    """Of a call that changes what it finds: it must never reach more than its caller meant."""
    if text is None:
        return None
    try:
        wanted = json.loads(text)
    except (ValueError, RecursionError):
        wanted = None
    if not isinstance(wanted, dict):
        raise InvalidParams.of(NAME, "must be a JSON object written as a text")
    return _flat(wanted)


def _flat(wanted: dict[str, Any]) -> dict[str, Any]:
    """One with nested values is refused, since none could match."""
    for key, value in wanted.items():
        if isinstance(value, dict | list):
            raise InvalidParams.of(NAME, f'must be flat: the value of "{key}" is nested')
    return wanted
