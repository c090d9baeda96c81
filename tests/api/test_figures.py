"""What an API process serves to Prometheus, over real sockets."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import httpx
import pytest
import uvicorn
from temporalio.client import Client

from api.app import create_app
from api.settings import ApiSettings
from cli.embedded.ports import free_port
from dispatch.codec import data_converter
from dispatch.temporal import Temporal
from models.database import Database
from tests.architecture.sources import ROOT
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS, eventually
from tests.houses import SECRET
from tests.monitoring import asked_for

OPERATING = (ROOT / "docs" / "operating.md").read_text()
CONNECTIONS = 6
SAMPLE = re.compile(r"^(tocsin_\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """An API, and where it serves its metrics."""

    api: httpx.AsyncClient
    metrics_url: str

    async def samples(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Every figure of ours by name and labels."""
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
            page = (await http.get(self.metrics_url)).text
        return {
            (name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels or ""))): float(value)
            for name, labels, value in SAMPLE.findall(page)
        }

    async def figure(self, name: str, **labels: str) -> float:
        """The sum of the figures of this name that have these labels."""
        wanted = set(labels.items())
        return sum(
            value for (named, has), value in (await self.samples()).items() if named == name and wanted <= has
        )


@pytest.fixture(scope="module")
async def measured(database: Database) -> AsyncIterator[Measured]:
    """On a Temporal that is away, so that there is something to refuse."""
    address = f"127.0.0.1:{free_port()}"
    settings = ApiSettings(
        database_url=database.url, secret_key=SECRET, metrics_address=address, pool_size=CONNECTIONS
    )
    away = Temporal(
        client=await Client.connect(
            f"127.0.0.1:{free_port()}", lazy=True, data_converter=data_converter(None)
        )
    )
    port = free_port()
    app = create_app(settings, temporal=away)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    serving = asyncio.create_task(server.serve())

    async def is_started() -> bool:
        return server.started

    await eventually(is_started)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as api:
        yield Measured(api, f"http://{address}/metrics")
    server.should_exit = True
    await serving


async def refused(measured: Measured, environment: TestEnvironment, database: Database) -> None:
    """A trigger that is told to come back."""
    await publish(database, environment, "greet", workflow(in_app_step()))
    headers = {"authorization": f"Bearer {environment.secret_key}"}
    body = {"recipients": ["ada"]}
    answer = await measured.api.post("/v1/workflows/greet/trigger", json=body, headers=headers)
    assert answer.status_code == 503


async def test_requests_are_counted_by_route_method_and_status_and_never_by_path(
    measured: Measured, environment: TestEnvironment
) -> None:
    headers = {"authorization": f"Bearer {environment.secret_key}"}
    for path in ("/v1/users/ada", "/v1/users/a%2Fb", "/v1/users/bob"):
        assert (await measured.api.get(path, headers=headers)).status_code == 404
    assert (await measured.api.get("/v1/users/ada")).status_code == 401
    await measured.api.request("PROPFIND", "/v1/nothing/of-ada")

    route = {"route": "/v1/users/{user_id}", "method": "GET"}
    assert await measured.figure("tocsin_api_requests", **route, status="404") == 3
    assert await measured.figure("tocsin_api_requests", **route, status="401") == 1
    assert await measured.figure("tocsin_api_requests", route="unmatched", method="OTHER", status="404") == 1
    assert await measured.figure("tocsin_api_request_seconds_count", **route) == 4
    assert await measured.figure("tocsin_api_request_seconds_bucket", **route, le="30") == 4
    labels = [value for _, has in await measured.samples() for _, value in has]
    assert [value for value in labels if "ada" in value or "a%2Fb" in value] == []


async def test_as_many_connections_are_open_and_free_as_are_set(measured: Measured) -> None:
    for name in ("connections", "free"):
        figure = partial(measured.figure, f"tocsin_pool_{name}")
        await eventually(figure, until=lambda seen: seen == CONNECTIONS)


async def test_what_was_refused_is_counted_by_why(
    measured: Measured, environment: TestEnvironment, database: Database
) -> None:
    before = await measured.figure("tocsin_api_refused")

    await refused(measured, environment, database)
    # A probe's 503 refuses nobody anything.
    assert (await measured.api.get("/readyz")).status_code == 503

    assert await measured.figure("tocsin_api_refused") == before + 1
    assert await measured.figure("tocsin_api_refused", status="503", reason="temporal") >= 1


async def test_every_figure_of_the_api_that_is_looked_at_is_served_and_every_one_is_described(
    measured: Measured, environment: TestEnvironment, database: Database
) -> None:
    await refused(measured, environment, database)

    served = {name for name, _ in await measured.samples()}
    assert asked_for("tocsin_api_") - served == set()
    assert {name for name in served if f"`{name.partition('_seconds_')[0]}" not in OPERATING} == set()


async def test_without_an_address_nothing_is_counted(database: Database) -> None:
    def counts(address: str | None) -> bool:
        settings = ApiSettings(database_url=database.url, secret_key=SECRET, metrics_address=address)
        return any("Counting" in repr(one) for one in create_app(settings).user_middleware)

    assert (counts(None), counts("127.0.0.1:9")) == (False, True)
