"""What clients send beside the content, taken away before it is looked at."""

from collections.abc import Collection
from typing import Any

IGNORED = frozenset({"$schema", "__annotation", "__readonly"})
"""What Knock's CLI adds for itself; keys that end in `@` name the file a value came from."""


def cleaned(raw: Any) -> Any:
    """The content without what the CLI sends beside it."""
    if isinstance(raw, dict):
        return {
            key: cleaned(value) for key, value in raw.items() if key not in IGNORED and not key.endswith("@")
        }
    return [cleaned(value) for value in raw] if isinstance(raw, list) else raw


def content_of(raw: dict[str, Any], readonly: Collection[str]) -> dict[str, Any]:
    """A resource's content, without what it only shows when it is read."""
    content: dict[str, Any] = cleaned(raw)
    return {key: value for key, value in content.items() if key not in readonly}
