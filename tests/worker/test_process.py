"""The worker's process: it works, or it ends and may be started again."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from cli.embedded.ports import LOOPBACK, free_port
from dispatch.temporal import connect
from models.database import Database
from outbound.client import build_client
from tests.houses import SECRET
from worker.process import parts_of
from worker.settings import WorkerSettings


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and answers none, as a Postgres does that is about to stop."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        yield listening.getsockname()[1]


def test_a_worker_that_cannot_begin_ends_while_its_pool_is_connecting(silent_port: int) -> None:
    variables = {
        "DATABASE_URL": f"postgresql://tocsin:x@{LOOPBACK}:{silent_port}/tocsin",
        "TEMPORAL_ADDRESS": f"{LOOPBACK}:{free_port()}",
        "TOCSIN_SECRET_KEY": "sixteen-and-more-characters",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "worker"], env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as worker:
        try:
            told, _ = worker.communicate(timeout=100)
        finally:
            worker.kill()

    assert worker.returncode == 1
    assert b"Failed client connect" in told


async def test_what_a_crowd_is_and_what_it_leaves_is_set(database: Database) -> None:
    settings = WorkerSettings(
        database_url=database.url, secret_key=SecretStr(SECRET), crowd_runs=2, crowd_rest_times=0
    )
    async with build_client([]) as http:
        parts = parts_of(settings, database, await connect(), http)
    assert [parts.crowds.asks("one") for _ in range(3)] == [False, False, True]
    parts.room.saw("other")
    assert not parts.room.is_wanted_by_others("one")
