"""Figures that every worker serves alike: the reconciler's kept report, and how busy its own pool is."""

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.rows import DictRow
from temporalio.common import MetricMeter

from dispatch.figures import EVERY_SECONDS, set_pool
from models.database import Database
from models.tables.reconciliations import list_reports
from models.values.differences import Difference

log = logging.getLogger("tocsin.worker")

REPORTED: dict[str, tuple[str, Callable[[DictRow], Any]]] = {
    "tocsin_accepted_runs": ("runs that were ever accepted", lambda row: row["accepted"]),
    "tocsin_finished_runs": ("accepted runs that are over", lambda row: row["finished"]),
    "tocsin_open_runs": ("accepted runs that are not over", lambda row: row["open"]),
    "tocsin_unexplained_runs": (
        "open runs, quiet for 15 minutes, that wait for nothing to come",
        lambda row: row["unexplained"],
    ),
    "tocsin_running_in_temporal": ("open runs as Temporal counts them", lambda row: row["running"]),
    "tocsin_unanswered_triggers": ("triggers not answered yet", lambda row: row["unanswered"]),
}
"""Gauges by environment, from the row that the last round left: the same on every worker."""

LAST_ROUND = "tocsin_reconciler_last_round_timestamp_seconds"
"""When the last round was made. It tells its age also where it cannot be read any more."""
HEALED = "tocsin_differences_healed"
"""By environment and kind, since the first round: as `tocsin_reconciled_total`, over all workers ever."""


async def show_figures(database: Database, meter: MetricMeter) -> None:
    """Set the gauges again and again, until cancelled; what Postgres does not answer stays as it was."""
    while True:
        try:
            await set_figures(database, meter)
        except psycopg.Error as error:
            log.warning("the figures could not be read: %s", error)
        await asyncio.sleep(EVERY_SECONDS)


async def set_figures(database: Database, meter: MetricMeter) -> None:
    """Set them once."""
    set_pool(database, meter)
    async with database.connection() as connection:
        reports = await list_reports(connection)
    for report in reports:
        labels = {"environment": report["slug"]}
        last_round = meter.create_gauge_float(LAST_ROUND, "when the last round was made")
        last_round.set(report["at"].timestamp(), labels)
        healed = meter.create_gauge(HEALED, "differences healed since the first round")
        for kind in Difference:
            healed.set(report["healed"].get(kind.value, 0), {**labels, "kind": kind.value})
        for name, (told, read) in REPORTED.items():
            value = read(report)
            # A gauge keeps what it was set to: left out, it would go on telling what was once so.
            meter.create_gauge_float(name, told).set(math.nan if value is None else value, labels)
