"""What is past retention goes, a bounded number of rows in each round of the reconciler (D13)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from psycopg.rows import DictRow
from temporalio import activity

from models.database import Connection, Database
from models.tables.erasure import Erased, Past, erase_cancels, erase_runs, erase_windows

ERASED = "tocsin_erased_rows_total"
"""Counter: rows that were past retention and were deleted, by `table`."""
AT_ONCE = 200
"""Runs, windows or cancels of one transaction: their locks are held for some tens of milliseconds."""
TIMES = 10
"""Transactions of each kind in a round: with one each ten seconds, 200 runs a second."""

_KINDS: tuple[Callable[[Connection, Past], Awaitable[Erased]], ...] = (
    erase_windows,
    erase_runs,
    erase_cancels,
)


async def erase(database: Database, place: DictRow, now: datetime, retention: timedelta | None) -> Erased:
    """Rows that went, by table; none without a retention. What is left comes with the next round."""
    erased = Erased()
    if retention is None:
        return erased
    past = Past(place["id"], now - retention, AT_ONCE)
    for kind in _KINDS:
        for _ in range(TIMES):
            async with database.transaction() as connection:
                gone = await kind(connection, past)
            _tell(gone)
            erased += gone
            if not gone:
                break
    return erased


def _tell(gone: Erased) -> None:
    if not activity.in_activity():
        return
    activity.heartbeat("erasing")
    for table, rows in gone.items():
        meter = activity.metric_meter().with_additional_attributes({"table": table})
        meter.create_counter(ERASED, "rows past retention that were deleted").add(rows)
