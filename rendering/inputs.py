"""What a partial sees of the values it is given: text, unless its schema keeps their structure."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from liquid.exceptions import LiquidValueError
from liquid.undefined import Undefined

from rendering.content import Partial
from rendering.markdown import to_html
from rendering.printing import to_text


def inputs(partial: Partial, given: Mapping[str, object]) -> dict[str, object]:
    """The partial's own names (E-TEMPLATE-12, -14): all that is given, and every field of its schema.

    A field that is not given, or given nothing, has its default, or else its type's empty value.
    """
    fields = {str(field.get("key")): field for field in partial.fields}
    seen = {name: to_text(value) for name, value in given.items() if name not in fields}
    return seen | {name: _read(name, field, given.get(name)) for name, field in fields.items()}


def _read(name: str, field: Mapping[str, Any], value: object) -> object:
    if value is None or isinstance(value, Undefined):
        value = _setting(field, "default")
    try:
        return _READERS.get(str(field.get("type")), _text)(field, value)
    except ValueError as err:
        raise LiquidValueError(f"the input '{name}' {err}", token=None) from err


def _setting(field: Mapping[str, Any], name: str) -> object:
    settings = field.get("settings")
    return settings.get(name) if isinstance(settings, Mapping) else None


def _text(_: Mapping[str, Any], value: object) -> object:
    return to_text(value)


def _markdown(_: Mapping[str, Any], value: object) -> object:
    return to_html(to_text(value))


def _boolean(_: Mapping[str, Any], value: object) -> object:
    return to_text(value).strip() == "true"


def _json(_: Mapping[str, Any], value: object) -> object:
    """A text that is JSON is read, since a visual block's attributes are texts; any other stays."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _list(field: Mapping[str, Any], value: object) -> object:
    decoded = _json(field, value)
    if isinstance(decoded, range):
        return list(decoded)
    if isinstance(decoded, list | tuple):
        return decoded
    if to_text(decoded).strip():
        raise ValueError("is not a list")
    return []


def _texts(field: Mapping[str, Any], value: object) -> object:
    decoded = _json(field, value)
    if isinstance(decoded, list | tuple):
        return [to_text(item) for item in decoded]
    text = to_text(value)
    return [text] if text else []


def _parts(*names: str) -> Callable[[Mapping[str, Any], object], object]:
    """A field that is made of other fields: a button, an image."""

    def read(field: Mapping[str, Any], value: object) -> object:
        decoded = _json(field, value)
        given = decoded if isinstance(decoded, Mapping) else {}
        return {
            name: _read(name, part if isinstance(part := field.get(name), Mapping) else {}, given.get(name))
            for name in names
        }

    return read


_READERS: Final[dict[str, Callable[[Mapping[str, Any], object], object]]] = {
    "boolean": _boolean,
    "button": _parts("text", "action"),
    "image": _parts("url", "alt", "action"),
    "json": _json,
    "list": _list,
    "markdown": _markdown,
    "multi_select": _texts,
}
"""By a field's type; the others are text."""
