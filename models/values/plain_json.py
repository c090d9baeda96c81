"""JSON that people write as text, read strictly: what Postgres would refuse is no JSON here either."""

import json
import math
from typing import Any, NoReturn


def read_json(text: str) -> Any:
    """The value that a text holds.

    Raises ValueError for what is no JSON: `NaN`, `Infinity` and `1e999`, numbers of thousands of digits and
    nesting of a thousand levels included, as well as the character that no text in Postgres can hold.
    """
    if "\\u0000" in text or "\x00" in text:
        raise ValueError("the character U+0000 cannot be kept")
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
