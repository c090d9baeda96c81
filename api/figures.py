"""What the API counts of its requests, where it serves metrics."""

import asyncio

from temporalio.common import MetricMeter

from dispatch.figures import EVERY_SECONDS, set_pool
from models.database import Database

REQUESTS = "tocsin_api_requests"
SECONDS = "tocsin_api_request_seconds"
REFUSED = "tocsin_api_refused"

BUCKETS = {SECONDS: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]}

REFUSALS = (429, 503)
"""Statuses of what was not taken now and may be sent again."""


class RequestFigures:
    """Counts requests by route as it is written in the code, by method and by status: all of them bounded."""

    def __init__(self, meter: MetricMeter) -> None:
        self._requests = meter.create_counter(REQUESTS, "requests that were answered")
        self._seconds = meter.create_histogram_float(SECONDS, "from a request to the end of its answer", "s")
        self._refused = meter.create_counter(REFUSED, "requests that may be sent again, by why")

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        where = {"route": route, "method": method}
        self._requests.add(1, {**where, "status": str(status)})
        self._seconds.record(seconds, where)

    def refuse(self, status: int, reason: str) -> None:
        self._refused.add(1, {"status": str(status), "reason": reason})


async def show_pool(database: Database, meter: MetricMeter) -> None:
    """Set the figures of the pool again and again, until cancelled."""
    while True:
        set_pool(database, meter)
        await asyncio.sleep(EVERY_SECONDS)
