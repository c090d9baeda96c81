"""Going through what the reconciler found: one bad row must not keep the others waiting."""

from collections.abc import Awaitable, Callable, Iterable

from psycopg.rows import DictRow
from temporalio import activity

LEFT_OUT = "tocsin_reconciler_left_out"
"""Counter: rows that a round could not repair; they come again with the next one. Alert when it grows."""


async def each(found: Iterable[DictRow], repair: Callable[[DictRow], Awaitable[int]]) -> int:
    """How many were repaired. A row whose repair fails is counted, told in the log, and left for later."""
    repaired = 0
    for row in found:
        try:
            repaired += await repair(row)
        except Exception as error:
            activity.logger.exception("the reconciler could not repair %s: %s", row["id"], error)
            if activity.in_activity():
                activity.metric_meter().create_counter(LEFT_OUT, "rows left for the next round").add(1)
        if activity.in_activity():
            activity.heartbeat(str(row["id"]))
    return repaired
