"""Parts of one statement: several writes that happen together or not at all, in one round trip (D30)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from psycopg import AsyncRawCursor
from psycopg.rows import DictRow, dict_row

from models.database import Connection

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Part:
    """A data-modifying query of a WITH clause. Its name keeps its values apart from other parts'.

    Every part but the first, which is called `claimed`, must do nothing when `claimed` is empty:
    `INSERT … SELECT … FROM claimed`, or `WHERE EXISTS (SELECT FROM claimed)`.
    """

    name: str
    sql: str
    values: dict[str, Any]


async def execute(connection: Connection, parts: Sequence[Part], result: str) -> DictRow | None:
    """Run the parts as one statement and answer the one row of `result`, a SELECT."""
    text, order = _text(tuple((part.name, part.sql) for part in parts), result)
    values = {(part.name, key): value for part in parts for key, value in part.values.items()}
    # A raw cursor takes Postgres's own placeholders: nothing is parsed on our side at every call.
    cursor = AsyncRawCursor(connection, row_factory=dict_row)
    # Prepared at once: few statements, long ones, and each is executed again soon.
    await cursor.execute(text, [values[place] for place in order], prepare=True)
    return await cursor.fetchone()


@lru_cache(maxsize=256)
def _text(parts: tuple[tuple[str, str], ...], result: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The statement, the same whenever the parts are, and which value goes where."""
    order: dict[tuple[str, str], int] = {}
    queries = []
    for name, sql in parts:

        def numbered(found: re.Match[str], name: str = name) -> str:
            return f"${order.setdefault((name, found[1]), len(order) + 1)}"

        queries.append(f"{name} AS ({_PLACEHOLDER.sub(numbered, sql)})")
    return f"WITH {', '.join(queries)} {result}", tuple(order)
