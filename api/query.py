"""One reader for every way that clients write query strings: arrays, nesting, dots, lists of objects."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from models.values.refs import USERS, RecipientRef

Value = str | list[Any] | dict[str, Any]

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_INDEX = re.compile(r"[0-9]{1,6}")
_MOST_PARAMETERS = 1000
_DEEPEST = 5


class _Items(dict[int, Any]):
    """A list while it is being gathered: by index, or one after the other."""

    @property
    def following(self) -> int:
        return max(self, default=-1) + 1


def parse(query_string: bytes) -> dict[str, Value]:
    """`a[]=1&b[c]=2&d.e=3&f[0][g]=4` as `{"a": ["1"], "b": {"c": "2"}, "d": {"e": "3"}, "f": [{"g": "4"}]}`.

    A bare name that is repeated becomes a list. Dots win over brackets for the same name. Names that follow
    no convention stand as they are.
    """
    pairs = parse_qsl(query_string.decode(errors="replace"), keep_blank_values=True)[:_MOST_PARAMETERS]
    steps = [(_steps_of(name), value) for name, value in pairs]
    tree: dict[str, Any] = {}
    for (path, is_dotted), value in sorted(steps, key=lambda step: step[0][1]):
        if len(path) == 1 and not is_dotted and path[0] in tree:
            _repeat(tree, path[0], value)
        else:
            _insert(tree, path, value)
    return {name: _settled(value) for name, value in tree.items()}


def _steps_of(name: str) -> tuple[list[str], bool]:
    """The path that a name spells, and whether it spells it with dots."""
    match = _NAME.fullmatch(name)
    if match is None:
        return [name], False
    dotted = match[1].split(".")
    head = dotted if all(dotted) else [match[1]]
    path = head + _BRACKETS.findall(match[2])
    return (path, len(head) > 1) if len(path) <= _DEEPEST else ([name], False)


def _repeat(tree: dict[str, Any], name: str, value: str) -> None:
    if isinstance(tree[name], str):
        tree[name] = _Items({0: tree[name]})
    if isinstance(tree[name], _Items):
        tree[name][tree[name].following] = value
    else:
        tree[name] = value


def _insert(tree: dict[str, Any], path: list[str], value: str) -> None:
    name, *rest = path
    if not rest:
        tree[name] = value
        return
    is_list = rest[0] == "" or _INDEX.fullmatch(rest[0]) is not None
    wanted = _Items if is_list else dict
    if type(tree.get(name)) is not wanted:
        tree[name] = wanted()
    if is_list:
        _insert_item(tree[name], rest, value)
    else:
        _insert(tree[name], rest, value)


def _insert_item(items: _Items, path: list[str], value: str) -> None:
    position, *rest = path
    index = int(position) if position else items.following
    if not rest:
        items[index] = value
        return
    if not position and items:
        # `objects[][id]=…&objects[][collection]=…`: one object until a name comes again.
        latest = items[index - 1]
        index = index - 1 if isinstance(latest, dict) and rest[0] not in latest else index
    if not isinstance(items.get(index), dict):
        items[index] = {}
    _insert(items[index], rest, value)


def _settled(value: Any) -> Any:
    if isinstance(value, _Items):
        return [_settled(value[index]) for index in sorted(value)]
    if isinstance(value, dict):
        return {name: _settled(child) for name, child in value.items()}
    return value


@dataclass(frozen=True)
class Range:
    """Moments between bounds, each open or absent."""

    gt: datetime | None = None
    gte: datetime | None = None
    lt: datetime | None = None
    lte: datetime | None = None


class Query:
    """Typed reading. What cannot be read counts as absent: clients send odd filters and expect 200."""

    def __init__(self, values: dict[str, Value]) -> None:
        self.values = values

    def text(self, name: str) -> str | None:
        """The value, or the last one of several."""
        value = self.values.get(name)
        if isinstance(value, list):
            value = value[-1] if value else None
        return value if isinstance(value, str) and value else None

    def texts(self, name: str) -> list[str]:
        """All values, however they were repeated."""
        value = self.values.get(name)
        given = value if isinstance(value, list) else [value]
        return [item for item in given if isinstance(item, str) and item]

    def flag(self, name: str) -> bool | None:
        return {"true": True, "false": False}.get(self.text(name) or "")

    def integer(self, name: str) -> int | None:
        text = self.text(name) or ""
        return int(text) if re.fullmatch(r"-?\d{1,9}", text, re.ASCII) else None

    def moment(self, name: str) -> datetime | None:
        return _moment(self.text(name))

    def range(self, name: str) -> Range:
        """`name.gt`, `name[gte]` and so on."""
        value = self.values.get(name)
        bounds = value if isinstance(value, dict) else {}
        return Range(**{bound: _moment(bounds.get(bound)) for bound in ("gt", "gte", "lt", "lte")})

    def json_object(self, name: str) -> dict[str, Any] | None:
        """A JSON object written as a string."""
        try:
            value = json.loads(self.text(name) or "null")
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def reference(self, name: str) -> RecipientRef | None:
        """A recipient: `name=ada`, `name[id]=p1&name[collection]=projects`, or the same object as JSON."""
        value = self.values.get(name)
        if not isinstance(value, dict):
            value = self.json_object(name) or {"id": self.text(name)}
        return _reference(value)

    def references(self, name: str) -> list[RecipientRef]:
        """Recipients: `name[]=ada`, `name[][id]=p1&name[][collection]=projects`, in any number."""
        value = self.values.get(name)
        given = value if isinstance(value, list) else [value]
        found = (_reference(one if isinstance(one, dict) else {"id": one}) for one in given if one)
        return [ref for ref in found if ref is not None]


def _reference(value: dict[str, Any]) -> RecipientRef | None:
    recipient_id, collection = value.get("id"), value.get("collection", USERS)
    if not isinstance(recipient_id, str) or not isinstance(collection, str):
        return None
    return RecipientRef(collection=collection, id=recipient_id)


def _moment(text: Any) -> datetime | None:
    """ISO 8601; without an offset it is UTC. An offset's `+` that was not encoded arrived as a space."""
    if not isinstance(text, str):
        return None
    for candidate in (text, text.replace(" ", "+")):
        try:
            moment = datetime.fromisoformat(candidate)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
