"""How a value of the scope is printed: what `{{ value }}` and `| json` answer."""

import json
from collections.abc import Iterable, Iterator, Mapping

from liquid.exceptions import FilterError, ResourceLimitError
from liquid.undefined import Undefined

from rendering.limits import TEXT_CHARACTERS, check_value


class PrintedList(list[object]):
    """A list that is printed as words of its own, and is a list to everything else."""

    def __init__(self, items: Iterable[object], printed: str) -> None:
        super().__init__(items)
        self.printed = printed


def to_text(value: object) -> str:
    """The text that stands for `value`: nothing for nil, JSON for an object, a list's items joined."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, Undefined):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    if isinstance(value, PrintedList):
        return value.printed
    check_value(value)
    if isinstance(value, list | tuple):
        return "".join(to_text(item) for item in value)
    if isinstance(value, dict):
        return to_json(value)
    return str(value)


def to_json(value: object) -> str:
    """`value` as compact JSON with its keys in their order; nil for what is undefined."""
    encoder = json.JSONEncoder(
        ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain, check_circular=False
    )
    try:
        return "".join(_bounded(encoder.iterencode(value)))
    except (TypeError, ValueError) as err:
        raise FilterError(f"cannot be written as JSON: {err}", token=None) from err


def _bounded(chunks: Iterator[str]) -> Iterator[str]:
    length = 0
    for chunk in chunks:
        length += len(chunk)
        if length > TEXT_CHARACTERS:
            raise ResourceLimitError(f"the JSON is longer than {TEXT_CHARACTERS} characters", token=None)
        yield chunk


def _plain(value: object) -> object:
    if isinstance(value, Undefined):
        return None
    if isinstance(value, range):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return to_text(value)
