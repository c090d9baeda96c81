"""What a commit changed, as people read it."""

import difflib
from collections.abc import Iterator
from typing import Any


def changes(before: dict[str, Any] | None, after: dict[str, Any]) -> list[dict[str, Any]]:
    """Each JSON path whose value differs, with both values; None stands for what is not there."""
    old, new = dict(_leaves(before or {})), dict(_leaves(after))
    paths = [*new, *(path for path in old if path not in new)]
    return [
        {"path": path, "before": old.get(path), "after": new.get(path)}
        for path in paths
        if path not in old or path not in new or old[path] != new[path]
    ]


def unified(before: dict[str, Any] | None, after: dict[str, Any], name: str) -> str:
    """The same as a unified diff of `path: value` lines; texts of several lines stay several lines."""
    lines = difflib.unified_diff(
        list(_lines(before or {})), list(_lines(after)), f"a/{name}", f"b/{name}", lineterm=""
    )
    return "\n".join(lines)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def _lines(content: dict[str, Any]) -> Iterator[str]:
    for path, value in _leaves(content):
        first, *rest = str(value).splitlines() or [""]
        yield f"{path}: {first}"
        yield from (f"    {line}" for line in rest)
