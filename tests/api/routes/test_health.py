import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client as TemporalioClient

from api.app import create_app
from api.settings import ApiSettings
from cli.embedded.ports import free_port
from cli.embedded.temporal import EmbeddedTemporal
from dispatch.temporal import Temporal
from models.database import Database
from tests.api.conftest import Client, client_of
from tests.eventually import eventually
from tests.houses import House
from workflows_engine import names

Told = tuple[int, list[str]]


async def readiness(app: FastAPI) -> Told:
    """The status, and what is missing up to the colon."""
    async with client_of(app, None) as client:
        answer = await client.get("/readyz")
    return answer.status_code, [line.split(":")[0] for line in answer.json()["missing"]]


async def test_a_living_process_is_healthy_without_a_key(stranger: Client) -> None:
    assert await stranger.found("/healthz") == {"status": "ok"}


async def test_readiness_names_a_database_and_a_temporal_that_are_away(settings: ApiSettings) -> None:
    away = Database(f"postgresql://app@127.0.0.1:{free_port()}/nothing", patience_seconds=0.1)
    await away.open()
    client = await TemporalioClient.connect(f"127.0.0.1:{free_port()}", lazy=True)
    try:
        told = await readiness(create_app(settings, database=away, temporal=Temporal(client)))
    finally:
        await away.close()
    assert told == (503, ["Postgres does not answer", "Temporal does not answer"])


async def test_readiness_names_the_queues_that_nobody_polls(
    settings: ApiSettings, database: Database, temporal: Temporal, temporal_server: EmbeddedTemporal
) -> None:
    namespace = f"idle-{uuid4().hex[:8]}"
    retention = RegisterNamespaceRequest(namespace=namespace)
    retention.workflow_execution_retention_period.FromTimedelta(timedelta(days=1))
    await temporal.client.workflow_service.register_namespace(retention)
    client = await TemporalioClient.connect(temporal_server.address, namespace=namespace)
    app = create_app(settings, database=database, temporal=Temporal(client))

    async def look() -> Told:
        return await readiness(app)

    queues = (names.RUNS, names.SENDS, names.BULK)
    expected = [f"no worker polls the task queue {queue}" for queue in queues]
    # A new namespace takes the server a moment to know everywhere.
    assert await eventually(look, until=lambda told: len(told[1]) == len(queues)) == (503, expected)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedTemporal]:
    """A server that may be kept from its work."""
    server = EmbeddedTemporal(tmp_path, 0, None)
    server.start()
    yield server
    server.stop()


async def test_readiness_names_a_temporal_whose_database_takes_no_writes(
    settings: ApiSettings, database: Database, own_server: EmbeddedTemporal
) -> None:
    # As when its disk is full: its queues go on answering.
    client = await TemporalioClient.connect(own_server.address)
    app = create_app(settings, database=database, temporal=Temporal(client))

    async def names_it() -> bool:
        return "Temporal cannot keep runs" in (await readiness(app))[1]

    assert not await names_it()
    with closing(sqlite3.connect(own_server.home / "temporal.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        start = asyncio.create_task(client.start_workflow("any", id="any", task_queue="none"))
        assert await eventually(names_it, until=bool)
        other.rollback()
    assert await eventually(names_it, until=lambda told: not told) is False
    # It may have given up; that is of no concern here.
    await asyncio.gather(start, return_exceptions=True)


async def test_a_house_with_a_worker_is_ready(settings: ApiSettings, house: House) -> None:
    app = create_app(settings, database=house.database, temporal=house.temporal)

    async def look() -> Told:
        return await readiness(app)

    assert await eventually(look, until=lambda told: told[0] == 200) == (200, [])
