"""The values of variables: JSON where the text is JSON, else the text itself (E-VARS-2)."""

import json
from typing import Any

from models.values.plain_json import read_json

RESERVED = frozenset({"branding", "commercial_unsubscribe_url", "manage_preferences_url"})
"""Names that templates find filled in (E-VARS-4)."""


def value_of(text: str) -> Any:
    """`true` is a boolean and `12.5` a number; `007`, `TRUE`, `NaN` and `1e400` stay texts."""
    try:
        return read_json(text)
    except ValueError:
        return text


def text_of(value: Any) -> str:
    """How a value that was given as JSON is kept; a text is kept as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
