"""The process that serves the API, from its settings to its end."""

import asyncio
import signal
import sys
from types import FrameType

import psycopg
import uvicorn
from fastapi.routing import iter_route_contexts
from pydantic import ValidationError

from api.app import create_app
from api.settings import ApiSettings
from dispatch.log_lines import configure
from dispatch.warming import warm_up
from models.database import Database
from models.queries.keys import has_development_keys


class NotStarted(Exception):
    """Why the API does not start, and what to do about it."""


def serve() -> int:
    """Serve until SIGINT or SIGTERM; 1 when it cannot start, with the reason on stderr."""
    # uvicorn finishes its requests and then raises the signal again.
    signal.signal(signal.SIGTERM, _leave)
    try:
        settings = _read_settings()
        if not settings.is_loopback:
            asyncio.run(refuse_development_keys(settings))
    except NotStarted as error:
        sys.stderr.write(f"tocsin api: {error}\n")
        return 1
    configure(settings.log_format)
    app = create_app(settings)
    # FastAPI puts a router's routes together with the first call of one.
    list(iter_route_contexts(app.routes))
    warm_up()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="auto" if sys.platform == "win32" else "uvloop",
        http="httptools",
        access_log=False,
        server_header=False,
        # Its lines go where ours go.
        log_config=None,
        log_level="info",
        # SDKs keep connections for a while; the server must not be the first to let go.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
    )
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    """Told to stop and stopped: no failure, as for the worker."""
    raise SystemExit(0)


async def refuse_development_keys(settings: ApiSettings) -> None:
    """Keys that everyone knows may open a door that only this machine can reach (D15); raises NotStarted."""
    database = Database(settings.database_url, pool_size=1)
    try:
        await database.open()
        async with database.connection() as connection:
            found = await has_development_keys(connection)
    except psycopg.Error as error:
        raise NotStarted(
            f"the database does not answer: {error}\n"
            "  Check DATABASE_URL, and that `tocsin db upgrade` was run."
        ) from error
    finally:
        await database.close()
    if found:
        raise NotStarted(
            f"this database holds the public development keys, and TOCSIN_API_HOST={settings.host} lets "
            "other machines in.\n  Listen on 127.0.0.1; or use a database of its own, or revoke these keys "
            "(`tocsin keys list`, `tocsin keys revoke ID`),\n  and create your own with "
            "`tocsin keys create --kind secret`."
        )


def _read_settings() -> ApiSettings:
    try:
        return ApiSettings()
    except ValidationError as error:
        told = [f"  {mistake['loc'][0]}: {mistake['msg']}" for mistake in error.errors(include_input=False)]
        raise NotStarted("the environment is not complete:\n" + "\n".join(told)) from error
