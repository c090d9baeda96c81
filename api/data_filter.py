"""The `trigger_data` filter: a flat JSON object, written as a text."""

import json
from typing import Any

from api.errors import InvalidParams
from api.query import Query

NAME = "trigger_data"


def read_data_filter(query: Query) -> dict[str, Any] | None:
    """Of a query string; see `checked_data_filter`."""
    return checked_data_filter(query.text(NAME))


def checked_data_filter(text: str | None) -> dict[str, Any] | None:
    """What is no JSON object does not filter; one with nested values is refused, since none could match."""
    try:
        wanted = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    if not isinstance(wanted, dict):
        return None
    for key, value in wanted.items():
        if isinstance(value, dict | list):
            raise InvalidParams.of(NAME, f'must be flat: the value of "{key}" is nested')
    return wanted
