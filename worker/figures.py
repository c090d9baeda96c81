"""Figures that every worker serves alike: the reconciler's kept report, and how busy its own pool is."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import DictRow
from temporalio.common import MetricMeter

from models.database import Database
from models.tables.reconciliations import list_reports

log = logging.getLogger("tocsin.worker")

EVERY_SECONDS = 15

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

AGE = "tocsin_reconciler_age_seconds"
POOL = {"pool_size": "tocsin_pool_connections", "requests_waiting": "tocsin_pool_waiting"}


async def show_figures(database: Database, meter: MetricMeter) -> None:
    """Set the gauges again and again, until cancelled; what Postgres does not answer stays as it was."""
    while True:
        try:
            await set_figures(database, meter, datetime.now(UTC))
        except psycopg.Error as error:
            log.warning("the figures could not be read: %s", error)
        await asyncio.sleep(EVERY_SECONDS)


async def set_figures(database: Database, meter: MetricMeter, now: datetime) -> None:
    """Set them once."""
    pool = database.pool.get_stats()
    for figure, name in POOL.items():
        meter.create_gauge(name, "connections to Postgres").set(pool.get(figure, 0))
    async with database.connection() as connection:
        reports = await list_reports(connection)
    for report in reports:
        labels = {"environment": report["slug"]}
        # Clocks of two machines differ a little, and a gauge refuses what is below zero.
        age = max((now - report["at"]).total_seconds(), 0.0)
        meter.create_gauge_float(AGE, "since the last round", "s").set(age, labels)
        for name, (told, read) in REPORTED.items():
            if (value := read(report)) is not None:
                meter.create_gauge(name, told).set(value, labels)
