"""Parts of one statement: several writes that happen together or not at all, in one round trip (D30)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Part:
    """A data-modifying query of a WITH clause. Its name keeps its values apart from other parts'.

    Write it so that it does nothing when `claimed` is empty: `INSERT … SELECT … FROM claimed`, or
    `WHERE EXISTS (SELECT FROM claimed)`.
    """

    name: str
    sql: str
    values: dict[str, Any]


def joined(parts: Sequence[Part], result: str) -> tuple[str, dict[str, Any]]:
    """The statement and its values; the text is the same whenever the parts are, so plans are reused."""
    texts = tuple((part.name, part.sql) for part in parts)
    values = {f"{part.name}_{key}": value for part in parts for key, value in part.values.items()}
    return _text(texts, result), values


@lru_cache(maxsize=256)
def _text(parts: tuple[tuple[str, str], ...], result: str) -> str:
    queries = [f"{name} AS ({_PLACEHOLDER.sub(_prefixed(name), sql)})" for name, sql in parts]
    return f"WITH {', '.join(queries)} {result}"


def _prefixed(name: str) -> str:
    """The replacement that puts a part's name before its placeholders'."""
    return rf"%({name}_\1)s"
