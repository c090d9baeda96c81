"""What an index knows of a message's data: a term for each top-level pair (E-BATCH-28).

Postgres' function `data_terms` makes them of what is stored, and this module of what is looked for. Equal
pairs have a term in common; pairs that have one need not be equal, so whoever finds by terms compares, too.
"""

from typing import Any

LONGEST_COMPARED = 256
"""Characters of a string that a data filter looks at."""
_LONGEST_INTEGER = 10**18
"""One of more digits, and what is written with a point or an exponent, may be written in several ways: all
such numbers of a key have one term."""


def terms_of(key: str, value: Any) -> list[str]:
    """Those of stored pairs that may equal this one, whose value is a text, a number, a boolean or None."""
    match value:
        case str():
            return [f"{key}:s{value[:LONGEST_COMPARED]}"]
        case None:
            return [f"{key}:null"]
        case bool():
            return [f"{key}:{str(value).lower()}"]
    anyhow = f"{key}:n"
    is_exact = abs(value) < _LONGEST_INTEGER and value == int(value)
    return [anyhow, f"{anyhow}{int(value)}"] if is_exact else [anyhow]
