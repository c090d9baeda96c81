"""What clients send beside the content, taken away before it is looked at."""

from collections.abc import Collection
from typing import Any

from publishing.annotations import FILE_FIELDS

AT_THE_ROOT = frozenset({"$schema", "__readonly"})
ON_EVERY_NODE = "__annotation"
"""What Knock's CLI adds for itself; beside a value from a file, `x@` names the file that `x` came from."""
FREE = frozenset(
    {
        *("attrs", "data", "json_overrides", "payload_overrides", "response_schema"),
        *("trigger_data_json_schema", "update_properties", "values"),
    }
)
"""Fields that hold what people write, where every key is theirs."""
BODIES = frozenset({"body", "json_body"})
"""Texts, or what people write."""
OF_FIELDS = frozenset({"fields", "input_schema"})
"""Lists of fields, whose settings are people's too."""


def content_of(raw: dict[str, Any], readonly: Collection[str]) -> dict[str, Any]:
    """A resource's content without what clients send beside it, or what it only shows when it is read."""
    content = {key: value for key, value in raw.items() if key not in AT_THE_ROOT and key not in readonly}
    cleaned: dict[str, Any] = _cleaned(content, FREE | BODIES)
    return cleaned


def _cleaned(node: Any, free: frozenset[str]) -> Any:
    if isinstance(node, list):
        return [_cleaned(inner, free) for inner in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value if key in free else _cleaned(value, free | {"settings"} if key in OF_FIELDS else free)
        for key, value in node.items()
        if key != ON_EVERY_NODE and not _names_a_file(key, node)
    }


def _names_a_file(key: str, node: dict[str, Any]) -> bool:
    field = key.removesuffix("@")
    return field != key and (field in node or field in FILE_FIELDS)
