"""The application: everything that listens, on one origin (D14)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from api.content_database import TURNS
from api.fair_turns import FairTurns
from api.faults import HANDLERS
from api.figures import BUCKETS, RequestFigures, show_pool
from api.middleware.counting import Counting
from api.middleware.fault_barrier import FaultBarrier
from api.middleware.guard import Guard
from api.middleware.raw_paths import RawPaths
from api.middleware.request_ids import RequestIds
from api.routes import ROUTERS
from api.settings import ApiSettings
from dispatch.crowds import Crowds
from dispatch.figures import serving
from dispatch.room import Room
from dispatch.temporal import Temporal, connect
from dispatch.tracing.switch import traces
from models.database import Database
from models.sealing import Sealer

_ONE_DAY = 86400

_CORS = Middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_methods=["GET", "PUT", "POST", "DELETE"],
    allow_headers=["*"],
    expose_headers=[
        "retry-after",
        "x-request-id",
        "x-ratelimited-message_ids",
        "idempotent-replayed",
        "original-x-request-id",
        "tocsin-run-url",
    ],
    # Every call of the browser client is preflighted; a long answer halves the traffic.
    max_age=_ONE_DAY,
)


_SPANS = TelemetryConfig(
    # A span for each request, where traces are on. FastAPI's logs and inner spans would hold bodies.
    tracing=True,
    metrics=False,
    logs=False,
    operation_spans=False,
    auto_configure=False,
    exclude=lambda scope: scope["path"] in ("/healthz", "/readyz"),
)

TRIGGERS_AT_ONCE = 4
"""Triggers that a process accepts at the same time: more only wait for connections and for Temporal."""


def create_app(
    settings: ApiSettings, *, database: Database | None = None, temporal: Temporal | None = None
) -> FastAPI:
    """The API. A database or Temporal client that is given stays its giver's to open and close."""
    app = FastAPI(
        title="Tocsin",
        lifespan=_opened,
        exception_handlers=HANDLERS,
        # From the outside in. Starlette's own barrier is outside of all of them, and sees nothing.
        middleware=[
            *([Middleware(Counting)] if settings.metrics_address else []),
            Middleware(RequestIds),
            _CORS,
            Middleware(FaultBarrier),
            Middleware(RawPaths),
            Middleware(Guard),
        ],
        telemetry=_SPANS,
        redirect_slashes=False,
        strict_content_type=False,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.temporal = temporal
    app.state.content_turns = asyncio.Semaphore(TURNS)
    crowds, room = Crowds(settings.crowd_runs), Room(settings.crowd_rest_times)
    app.state.crowds, app.state.room = crowds, room
    app.state.trigger_turns = FairTurns(
        TRIGGERS_AT_ONCE,
        yields=lambda key: crowds.has(key) and room.is_wanted_by_others(key),
        rest_after=room.rest_after,
    )
    app.state.sealer = Sealer(settings.secrets[0], settings.secrets[1:])
    for router in ROUTERS:
        app.include_router(router)
    return app


@asynccontextmanager
async def _opened(app: FastAPI) -> AsyncIterator[None]:
    """What the application needs and was not given, open until it ends."""
    settings: ApiSettings = app.state.settings
    runtime = serving(settings.metrics_address, BUCKETS)
    async with AsyncExitStack() as opened:
        if app.state.temporal is None:
            app.state.temporal = await connect(
                settings.payload_keys,
                ui_url=settings.temporal_ui_url,
                runtime=runtime,
                interceptors=traces("tocsin-api", settings.otlp_endpoint),
            )
        if app.state.database is None:
            app.state.database = Database(
                settings.database_url, pool_size=settings.pool_size, stays_open=True
            )
            await app.state.database.open()
            opened.push_async_callback(app.state.database.close)
        if runtime is not None:
            app.state.figures = RequestFigures(runtime.metric_meter)
            showing = asyncio.create_task(show_pool(app.state.database, runtime.metric_meter))
            opened.callback(showing.cancel)
        yield
