"""JSON that people write as text, read strictly: what Postgres would refuse is no JSON here either."""

import json
import math
import re
from typing import Any, NoReturn

_HALVES = re.compile("[\ud800-\udfff]")
_WRITTEN_HALVES = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(text: str) -> Any:
    """The value that a text holds.

    Raises ValueError for what is no JSON: `NaN`, `Infinity` and `1e999`, numbers of thousands of digits and
    nesting of a thousand levels included, as well as the characters that no text in Postgres can hold.
    """
    if "\\u0000" in text or "\x00" in text:
        raise ValueError("the character U+0000 cannot be kept")
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        if _WRITTEN_HALVES.search(text) and _HALVES.search(json.dumps(value, ensure_ascii=False)):
            raise ValueError("half of a surrogate pair cannot be kept")
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def storable(value: Any) -> Any:
    """A JSON value as Postgres can hold it: numbers that are none as text, impossible characters as U+FFFD.

    For what is written down about others' data, where a refusal would help nobody.
    """
    if isinstance(value, str):
        return _HALVES.sub("\ufffd", value.replace("\x00", "\ufffd"))
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {storable(key): storable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [storable(inner) for inner in value]
    return value


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
