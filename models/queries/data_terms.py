"""What an index knows of a message's data: a term for each top-level pair with a plain value (E-BATCH-32).

Postgres' function `data_terms` makes them of what is stored, and this module of what is looked for. Equal
pairs have a term in common; pairs that have one need not be equal, so whoever finds by terms compares, too.
"""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

LONGEST_COMPARED = 256
"""Characters of a string that a data filter looks at (E-BATCH-28)."""
_LONGEST_INTEGER = 10**18
"""One of more digits, and what is written with a point or an exponent, may be written in several ways: all
such numbers of a key have one term."""


def terms_of(environment_id: UUID, key: str, value: Any) -> list[str]:
    """Those of stored pairs that may equal this one, whose value is a text, a number, a boolean or None.

    The first is that of all data without terms of its own: too many of them, or none that Postgres can read.
    """
    pair = f"{environment_id}:{key}:"
    return [f"{environment_id}", *(f"{pair}{written}" for written in _written(value))]


def _written(value: Any) -> list[str]:
    match value:
        case str():
            return [f"s{value[:LONGEST_COMPARED]}"]
        case None:
            return ["null"]
        case bool():
            return [str(value).lower()]
    # As it is compared: a float in its shortest form.
    number = Decimal(json.dumps(value))
    is_short = abs(number) < _LONGEST_INTEGER and number == number.to_integral_value()
    return ["n", f"n{int(number)}"] if is_short else ["n"]
