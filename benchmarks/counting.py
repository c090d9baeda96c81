"""Counts the SQL statements of each effect of each run, by what libpq sends over the wire."""

import os
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg.pq import Trace
from temporalio import activity

from models.database import Connection, Database

ELSEWHERE = ("", "")
"""Under what statements count that no effect asked for."""
_SENT = re.compile(rb"^F\t\d+\t(?:Execute|Query)\t", re.MULTILINE)


class CountingDatabase(Database):
    """`sent[workflow id, effect]` are statements so far, BEGIN and COMMIT included."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        super().__init__(url, pool_size=pool_size)
        self.sent: Counter[tuple[str, str]] = Counter()

    @asynccontextmanager
    async def connection(self, patience_seconds: float | None = None) -> AsyncIterator[Connection]:
        async with super().connection(patience_seconds) as connection:
            with tempfile.TemporaryFile() as trace:
                connection.pgconn.trace(trace.fileno())
                connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
                try:
                    yield connection
                finally:
                    connection.pgconn.untrace()
                    self.sent[_asking()] += len(_SENT.findall(_content(trace.fileno())))


def _asking() -> tuple[str, str]:
    if not activity.in_activity():
        return ELSEWHERE
    info = activity.info()
    return info.workflow_id or "", info.activity_type


def _content(fileno: int) -> bytes:
    # libpq writes through the descriptor and leaves its position at the end.
    return os.pread(fileno, os.fstat(fileno).st_size, 0)
