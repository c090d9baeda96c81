"""Going through what the reconciler found: one bad row must not keep the others waiting."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable

from psycopg.rows import DictRow
from temporalio import activity

from models.values.differences import Difference

LEFT_OUT = "tocsin_reconciler_left_out"
"""Counter: rows that a round could not repair; they come again with the next one. Alert when it grows."""

Healed = Counter[Difference]
"""How many differences of each kind were healed; kinds that did not occur are not in it."""


Repair = Callable[[DictRow], Awaitable[Difference | Healed | None]]
"""Heals what is wrong with one row: one difference, several, or none."""


async def each(found: Iterable[DictRow], repair: Repair) -> Healed:
    """What was repaired, by kind. A row whose repair fails is counted, logged, and left for later."""
    healed = Healed()
    for row in found:
        try:
            kind = await repair(row)
        except Exception as error:
            activity.logger.exception("the reconciler could not repair %s: %s", row["id"], error)
            if activity.in_activity():
                activity.metric_meter().create_counter(LEFT_OUT, "rows left for the next round").add(1)
            kind = Difference.LEFT_OUT
        healed.update([kind] if isinstance(kind, Difference) else kind or ())
        if activity.in_activity():
            activity.heartbeat(str(row["id"]))
    return healed
