"""Filters over lists and JSON: json, from_json, intersect, join, uniq."""

import json as json_format
from collections.abc import Iterable

from liquid.exceptions import FilterError
from liquid.undefined import Undefined

from rendering.limits import check_text_length
from rendering.printing import to_json, to_text


def json(value: object) -> str:
    """`value` as compact JSON; `null` for what is missing."""
    return to_json(value)


def from_json(value: object) -> object:
    """The value that a JSON text stands for; what is not text passes through, nothing stays nothing."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return json_format.loads(value)
    except (ValueError, RecursionError) as err:
        raise FilterError(f"from_json: {err}", token=None) from err


def intersect(value: object, other: object) -> list[object]:
    """The items of `value` that `other` holds too, each once, in the order of `value`."""
    wanted = {_identity(item) for item in _items(other)}
    return [item for item in _distinct(_items(value)) if _identity(item) in wanted]


def join(value: object, separator: object = " ") -> str:
    """The items as text with `separator` between them."""
    between = to_text(separator)
    texts = [to_text(item) for item in _items(value)]
    check_text_length(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def uniq(value: object, key: object = None) -> list[object]:
    """The items, each once; with `key` those whose property `key` no earlier item has."""
    # The library compares every item with every other: minutes for a list of some thousands.
    return _distinct(_items(value), None if key is None else to_text(key))


def _distinct(items: Iterable[object], key: str | None = None) -> list[object]:
    found: dict[str, object] = {}
    for item in items:
        compared = item.get(key) if key is not None and isinstance(item, dict) else item
        found.setdefault(_identity(compared), item)
    return list(found.values())


def _identity(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}'
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json_format.dumps(value, sort_keys=True, default=str)


def _items(value: object) -> list[object]:
    if value is None or isinstance(value, Undefined):
        return []
    if isinstance(value, range):
        return list(value)
    if not isinstance(value, list | tuple):
        return [value]
    flat: list[object] = []
    for item in value:
        flat.extend(_items(item) if isinstance(item, list | tuple) else [item])
    return flat
