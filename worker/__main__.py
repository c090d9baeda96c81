"""Runs a worker: `python -m worker [--queues runs,sends,bulk]`."""

import argparse
import asyncio
import logging
import signal
import sys

import uvloop
from pydantic import ValidationError
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from dispatch.log_lines import configure
from dispatch.starting import ensure_maintenance
from dispatch.temporal import connect
from models.database import Database
from models.sealing import Sealer, former_of
from outbound.client import build_client
from worker.assembly import QUEUES, Parts, working
from worker.figures import show_figures
from worker.sandbox import sandbox
from worker.settings import WorkerSettings
from workflows_engine import names

log = logging.getLogger("tocsin.worker")


async def serve(settings: WorkerSettings, queues: tuple[str, ...]) -> None:
    """Work until SIGINT or SIGTERM, then finish what is in flight."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = Database(settings.database_url, pool_size=settings.pool_size)
    await database.open()
    http = build_client([one for one in settings.outbound_allow.split(",") if one])
    runtime = _runtime(settings)
    temporal = await connect(settings.payload_keys, lazy=False, runtime=runtime)
    parts = Parts(
        database=database,
        temporal=temporal,
        http=http,
        sealer=Sealer(settings.secret_key.get_secret_value(), former_of(settings.former_secret_keys)),
        retention=settings.retention,
    )
    figures = asyncio.create_task(show_figures(database, runtime.metric_meter)) if runtime else None
    try:
        async with working(parts, queues=queues, runner=sandbox() if settings.sandboxed else None):
            if names.BULK in queues:
                await ensure_maintenance(temporal)
            log.info("working on %s", ", ".join(queues))
            await stop.wait()
            log.info("stopping: what is in flight is finished first")
    finally:
        if figures is not None:
            figures.cancel()
        await http.aclose()
        await database.close()


def _runtime(settings: WorkerSettings) -> Runtime | None:
    if settings.metrics_address is None:
        return None
    return Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=settings.metrics_address)))


def _queues(text: str) -> tuple[str, ...]:
    wanted = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [queue for queue in wanted if queue not in QUEUES]
    if unknown or not wanted:
        raise argparse.ArgumentTypeError(f"task queues are {', '.join(QUEUES)}; got {text!r}")
    return wanted


def main(arguments: list[str] | None = None) -> None:
    """Read the settings and serve; a mistake in them is told in one line a setting."""
    parser = argparse.ArgumentParser(prog="tocsin worker", description="Runs workflows and sends messages.")
    parser.add_argument(
        "--queues", type=_queues, default=QUEUES, help="some of runs,sends,bulk (default: all)"
    )
    given = parser.parse_args(arguments)
    try:
        settings = WorkerSettings()
    except ValidationError as error:
        for mistake in error.errors():
            sys.stderr.write(f"{mistake['loc'][0]}: {mistake['msg']}\n")
        raise SystemExit("the worker cannot start: set the variables above (see docs/settings.md)") from error
    configure(settings.log_format)
    uvloop.run(serve(settings, given.queues))


if __name__ == "__main__":
    main()
