"""One round of the reconciler in one environment: every part in turn, and the report of it (D5)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from psycopg.rows import DictRow
from temporalio import activity

from activities.reconciling import cancels, deliveries, erasing, runs, schedules, triggers, waits, windows
from activities.reconciling.items import Healed
from dispatch.looking import count_running
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.reconciliations import count_runs, note_round

RECONCILED = "tocsin_reconciled_total"
"""Counter: differences between rows and Temporal that were healed, by `kind`."""
COUNTED = timedelta(seconds=60)
"""How often runs are counted, at most, while nothing differs."""

_PARTS: tuple[Callable[[Database, Temporal, DictRow, datetime], Awaitable[Healed]], ...] = (
    triggers.retire_unanswered,
    triggers.restart_fan_outs,
    runs.repair,
    windows.hand_over,
    waits.tell_again,
    cancels.tell_again,
    deliveries.take_up,
    schedules.keep_up,
)


async def make_round(
    database: Database,
    temporal: Temporal,
    place: DictRow,
    now: datetime,
    *,
    retention: timedelta | None = None,
) -> Healed:
    """What was healed, by kind; it is in the environment's report and in the metrics by then.

    What is older than `retention` is erased; without one nothing is.
    """
    healed = Healed()
    for part in _PARTS:
        healed += await part(database, temporal, place, now)
        if activity.in_activity():
            activity.heartbeat(part.__module__)
    await waits.forget(database, place, now)
    if activity.in_activity():
        for kind, many in healed.items():
            meter = activity.metric_meter().with_additional_attributes({"kind": kind.value})
            meter.create_counter(RECONCILED, "differences between rows and Temporal, healed").add(many)
    await _report(database, temporal, place, now, healed)
    await erasing.erase(database, place, now, retention)
    return healed


async def _report(
    database: Database, temporal: Temporal, place: DictRow, now: datetime, healed: Healed
) -> None:
    kinds = {kind.value: many for kind, many in healed.items()}
    async with database.connection() as connection:
        counted_at = await note_round(connection, place["id"], now, kinds)
    if counted_at is not None and not healed and abs(now - counted_at) < COUNTED:
        return
    running = await count_running(temporal, place["slug"])
    async with database.connection() as connection:
        await count_runs(connection, place["id"], now, running)
