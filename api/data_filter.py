"""The `trigger_data` filter: a flat JSON object in the query string."""

from typing import Any

from api.errors import InvalidParams
from api.query import Query

NAME = "trigger_data"


def read_data_filter(query: Query) -> dict[str, Any] | None:
    """What is no JSON object does not filter; one with nested values is refused, since none could match."""
    wanted = query.json_object(NAME)
    for key, value in (wanted or {}).items():
        if isinstance(value, dict | list):
            raise InvalidParams.of(NAME, f'must be flat: the value of "{key}" is nested')
    return wanted
