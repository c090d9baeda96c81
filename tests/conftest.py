"""What tests run on: real Postgres, real Temporal, the API on a real port, a worker in the sandbox."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings
from knockapi import AsyncKnock
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.temporal import EmbeddedTemporal
from dispatch.codec import data_converter
from dispatch.temporal import Temporal
from models.database import Database
from models.migrations import upgrade
from models.sealing import Sealer
from outbound.client import build_client
from simulation.clock import Clock
from simulation.skipping_server import time_skipping_server
from tests.environments import TestEnvironment, make_environment
from tests.houses import SECRET, House, Mailbox, open_house
from tests.pipelines import Pipeline, make_template, open_pipeline
from tests.sandboxes import WHOLE_ENGINE, sandbox_with_shapes
from tests.virtual_time import VirtualTime
from worker.assembly import Parts, working

# On a machine that is busy with other things a slow example is no mistake.
settings.register_profile("tocsin", deadline=None)
settings.load_profile("tocsin")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    # Tests lose nothing that matters when the power fails.
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), 0, options={"fsync": "off"})
    server.start()
    yield server
    # As root the data lies outside of pytest's folder, and would stay.
    server.remove()


@pytest.fixture(scope="session")
def database_url(postgres: EmbeddedPostgres) -> str:
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = postgres.url.rsplit("/", 1)[0] + f"/{name}"
    upgrade(url)
    return url


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A migrated, empty database to make copies of."""
    return make_template(postgres.url)


@pytest.fixture
async def pipeline(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Pipeline]:
    """An account of its own: development and production."""
    async with open_pipeline(postgres.url, template) as pipeline:
        yield pipeline


@pytest.fixture
async def long_pipeline(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Pipeline]:
    """The same with staging in between."""
    async with open_pipeline(postgres.url, template, staging=True) as pipeline:
        yield pipeline


@pytest.fixture(scope="session")
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def environment(database: Database, mailbox: Mailbox) -> TestEnvironment:
    return await make_environment(database, Sealer(SECRET), mailbox.port)


@pytest.fixture(scope="session")
def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedTemporal]:
    server = EmbeddedTemporal(tmp_path_factory.mktemp("temporal"), 0, None)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
async def temporal(temporal_server: EmbeddedTemporal) -> Temporal:
    client = await Client.connect(
        temporal_server.address, namespace=temporal_server.namespace, data_converter=data_converter(None)
    )
    return Temporal(client=client, ui_url="http://127.0.0.1:8233")


@pytest.fixture(scope="session")
async def mailbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(tmp_path_factory.mktemp("mailbox"))
    await mailbox.open()
    yield mailbox
    await mailbox.close()


@pytest.fixture(scope="session")
async def house(database: Database, temporal: Temporal, mailbox: Mailbox) -> AsyncIterator[House]:
    """The whole house in one process, on the embedded Temporal."""
    http = build_client(["127.0.0.0/8"])
    parts = Parts(database=database, temporal=temporal, http=http, sealer=Sealer(SECRET))
    async with open_house(parts, mailbox) as house:
        yield house
    await http.aclose()


@pytest.fixture
async def knock(house: House, environment: TestEnvironment) -> AsyncIterator[AsyncKnock]:
    """Knock's official SDK with this test's secret key."""
    async with house.knock(environment.secret_key) as client:
        yield client


@pytest.fixture(scope="session")
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """Temporal's test server, whose clock only the one driver of time moves (D32)."""
    async with time_skipping_server() as server:
        yield server


@pytest.fixture(scope="session")
async def driver(time_skipping: WorkflowEnvironment, database: Database) -> AsyncIterator[VirtualTime]:
    """The driver of that clock, with the one worker of that server."""
    # Task queues have fixed names, and the test server knows neither lists nor our search attributes.
    temporal = Temporal(client=time_skipping.client, is_listed=False)
    http = build_client(["127.0.0.0/8"])
    parts = Parts(database=database, temporal=temporal, http=http, sealer=Sealer(SECRET))
    async with working(parts, runner=sandbox_with_shapes()):
        yield VirtualTime(Clock(time_skipping, database, temporal))
    await http.aclose()


@pytest.fixture
async def virtual(driver: VirtualTime) -> AsyncIterator[VirtualTime]:
    """Virtual time, which leaves nothing asleep for the tests after this one."""
    yield driver
    await driver.end()


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        WHOLE_ENGINE, action="store_true", help="replay without sharing shapes: `make check` does, slower"
    )


def pytest_collection_finish() -> None:
    """Everything imported so far stays: looking it over for garbage took a tenth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first: two workers then finish at the same time."""
    items.sort(key=lambda item: "journeys" not in item.nodeid)
