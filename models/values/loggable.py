"""What a log keeps of the values it quotes: nothing long, and nobody's channel data (E-DEBUG-4)."""

from typing import Any, Final

from models.values.plain_json import storable

REDACTED: Final = "[REDACTED]"
TRUNCATED: Final = "[TRUNCATED]"
TRUNCATED_KEY: Final = "__knock_truncated__"
MOST_ITEMS: Final = 100
_MOST_BYTES: Final = 1024
PRIVATE: Final = "channel_data"
"""A key whose value is tokens and addresses, wherever it stands."""


def cut(text: str) -> str:
    """A text of at most 1024 bytes; a longer one ends in `[TRUNCATED]`."""
    encoded = text.encode(errors="replace")
    if len(encoded) <= _MOST_BYTES:
        return text
    return encoded[:_MOST_BYTES].decode(errors="ignore") + TRUNCATED


def loggable(value: Any) -> Any:
    """A JSON value as a log shows it: storable, cut, without channel data.

    Of objects and lists the first 100 entries stay; an object then says `__knock_truncated__: true`, a list
    ends in `[TRUNCATED]`. What has been cut already stays as it is.
    """
    if isinstance(value, dict):
        kept = {
            cut(storable(key)): REDACTED if key == PRIVATE else loggable(value[key])
            for key in list(value)[:MOST_ITEMS]
        }
        return {**kept, TRUNCATED_KEY: True} if len(value) > MOST_ITEMS else kept
    if isinstance(value, list | tuple):
        shown = [loggable(inner) for inner in value[:MOST_ITEMS]]
        return [*shown, TRUNCATED] if len(value) > MOST_ITEMS else shown
    return cut(storable(value)) if isinstance(value, str) else storable(value)
