"""Whether the process lives, and whether it could do its work."""

from datetime import timedelta

import psycopg
from fastapi import APIRouter
from psycopg.rows import DictRow
from starlette.responses import JSONResponse
from temporalio.service import RPCError

from api.dependencies import Db, TemporalClient
from dispatch.readiness import keeps_runs, unpolled_queues
from dispatch.temporal import Temporal
from models.database import Database, has_room

router = APIRouter(tags=["Health"])

PATIENCE = timedelta(seconds=2)
"""For Postgres; whoever asks often must not pile up."""


@router.get("/healthz")
async def get_health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def get_readiness(database: Db, temporal: TemporalClient) -> JSONResponse:
    """Postgres and Temporal answer and can write, and workers poll; 503 names what is missing."""
    missing = [*await _missing_database(database), *await _missing_temporal(temporal)]
    if missing:
        return JSONResponse(
            {"status": "not ready", "missing": missing}, status_code=503, headers={"Retry-After": "1"}
        )
    return JSONResponse({"status": "ready", "missing": []})


async def _missing_database(database: Database) -> list[str]:
    try:
        async with database.connection(PATIENCE.total_seconds()) as connection:
            cursor = await connection.execute("SELECT to_regclass('environments') IS NOT NULL AS is_migrated")
            row: DictRow | None = await cursor.fetchone()
            if database.is_full:
                database.is_full = not await has_room(connection)
    except psycopg.Error as error:
        return [f"Postgres does not answer: {type(error).__name__}"]
    if database.is_full:
        return ["Postgres has no room left on its disk: make some"]
    return [] if row and row["is_migrated"] else ["Postgres has no schema yet: run `tocsin db upgrade`"]


async def _missing_temporal(temporal: Temporal) -> list[str]:
    try:
        queues = await unpolled_queues(temporal)
    except (RPCError, RuntimeError) as error:
        # A lazy client that cannot connect says so with a RuntimeError.
        return [f"Temporal does not answer: {error}"]
    try:
        await keeps_runs(temporal)
    except RPCError as error:
        return [f"Temporal cannot keep runs: {error}; see whether its database takes writes and has room"]
    return [f"no worker polls the task queue {queue}: run `tocsin worker`" for queue in queues]
