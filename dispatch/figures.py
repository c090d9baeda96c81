"""Metrics that a process serves to Prometheus: Temporal's own and ours, from one page."""

from collections.abc import Mapping, Sequence

from temporalio.common import MetricMeter
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from models.database import Database

EVERY_SECONDS = 15
"""How often figures that nobody counts as they happen are set."""

POOL = {
    "pool_size": "tocsin_pool_connections",
    "pool_available": "tocsin_pool_free",
    "requests_waiting": "tocsin_pool_waiting",
}
"""Gauges of a process' own pool, by psycopg's name for them."""


def serving(address: str | None, buckets: Mapping[str, Sequence[float]] | None = None) -> Runtime | None:
    """The runtime that serves `/metrics` at `host:port` while it lives; `buckets` are of histograms."""
    if address is None:
        return None
    config = PrometheusConfig(bind_address=address, histogram_bucket_overrides=buckets)
    return Runtime(telemetry=TelemetryConfig(metrics=config))


def set_pool(database: Database, meter: MetricMeter) -> None:
    """How many connections there are and nobody uses, and how many calls wait for one."""
    pool = database.pool.get_stats()
    for figure, name in POOL.items():
        meter.create_gauge(name, "connections to Postgres").set(pool.get(figure, 0))
