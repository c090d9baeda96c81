"""The process that works, from its settings to its end."""

import argparse
import asyncio
import logging
import signal
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import psycopg
import uvloop
from pydantic import ValidationError
from temporalio.service import RPCError
from tenacity import AsyncRetrying, before_sleep_log, retry_if_exception_type, wait_exponential

from activities.reconciling.restored import catch_up
from dispatch.crowds import Crowds
from dispatch.figures import serving
from dispatch.log_lines import configure
from dispatch.room import Room
from dispatch.starting import ensure_maintenance
from dispatch.temporal import Temporal, connect
from dispatch.tracing.switch import traces
from dispatch.warming import warm_up
from models.database import Database
from models.sealing import Sealer, former_of
from outbound.client import HttpClient, build_client
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
    # Whatever fails below: a pool that stays open goes on connecting, and the process would never end.
    async with AsyncExitStack() as closing:
        database = Database(settings.database_url, pool_size=settings.pool_size, stays_open=True)
        closing.push_async_callback(database.close)
        await database.open()
        http = build_client([one for one in settings.outbound_allow.split(",") if one])
        closing.push_async_callback(http.aclose)
        runtime = serving(settings.metrics_address)
        interceptors = traces("tocsin-worker", settings.otlp_endpoint)
        temporal = await connect(
            settings.payload_keys, lazy=False, runtime=runtime, interceptors=interceptors
        )
        parts = parts_of(settings, database, temporal, http)
        if runtime is not None:
            figures = asyncio.create_task(show_figures(database, runtime.metric_meter))
            closing.callback(figures.cancel)
        await _work(parts, settings, queues, stop)


def parts_of(settings: WorkerSettings, database: Database, temporal: Temporal, http: HttpClient) -> Parts:
    """What a worker with these settings is made of."""
    return Parts(
        database=database,
        temporal=temporal,
        http=http,
        sealer=Sealer(settings.secret_key.get_secret_value(), former_of(settings.former_secret_keys)),
        retention=settings.retention,
        leads=not settings.upgrading,
        crowds=Crowds(settings.crowd_runs),
        room=Room(settings.crowd_rest_times),
    )


async def _work(parts: Parts, settings: WorkerSettings, queues: tuple[str, ...], stop: asyncio.Event) -> None:
    if names.RUNS in queues or names.BULK in queues:
        await _catch_up(parts.database, parts.temporal, stop)
    runner = sandbox() if settings.sandboxed else None
    async with working(parts, queues=queues, runs_at_once=settings.runs_at_once, runner=runner):
        if names.BULK in queues:
            await ensure_maintenance(parts.temporal)
        log.info("working on %s", ", ".join(queues))
        await stop.wait()
        log.info("stopping: what is in flight is finished first")


async def _catch_up(database: Database, temporal: Temporal, stop: asyncio.Event) -> None:
    """Before any run is served; as long as Postgres or Temporal is away, none could be."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type((psycopg.Error, RPCError)),
        wait=wait_exponential(multiplier=0.25, max=5),
        stop=lambda _: stop.is_set(),
        before_sleep=before_sleep_log(log, logging.WARNING),
        reraise=True,
    ):
        with attempt:
            await catch_up(database, temporal, datetime.now(UTC))


def _queues(text: str) -> tuple[str, ...]:
    wanted = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [queue for queue in wanted if queue not in QUEUES]
    if unknown or not wanted:
        raise argparse.ArgumentTypeError(f"task queues are {', '.join(QUEUES)}; got {text!r}")
    return wanted


def run(arguments: list[str] | None = None) -> None:
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
    warm_up()
    uvloop.run(serve(settings, given.queues))
