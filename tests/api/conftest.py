"""The API in this process, over real Postgres, spoken to as a client would."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from knockapi import AsyncKnock
from starlette.types import ASGIApp

from api.app import create_app
from api.settings import ApiSettings
from models.database import Database
from models.sealing import Sealer
from tests.api.rows import Rows
from tests.environments import TestEnvironment, make_environment
from tests.houses import SECRET

ORIGIN = "http://tocsin.test"


@pytest.fixture(scope="session")
def settings(database_url: str) -> ApiSettings:
    return ApiSettings(database_url=database_url, secret_key=SECRET)


@pytest.fixture(scope="session")
def app(settings: ApiSettings, database: Database) -> FastAPI:
    return create_app(settings, database=database)


class Client(httpx.AsyncClient):
    """Speaks with one key; `refused` reads an error and checks that it has Knock's shape."""

    async def refused(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        answer = await self.request(method, path, **request)
        body: dict[str, Any] = answer.json()
        assert body.keys() >= {"code", "message", "status", "type"}
        assert body["status"] == answer.status_code >= 400
        return body

    async def found(self, path: str, **params: Any) -> Any:
        answer = await self.get(path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()


def client_of(app: ASGIApp, key: str | None) -> Client:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return Client(transport=transport, base_url=ORIGIN, headers=headers)


@pytest.fixture
async def client(app: FastAPI, environment: TestEnvironment) -> AsyncIterator[Client]:
    async with client_of(app, environment.secret_key) as client:
        yield client


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[Client]:
    async with client_of(app, None) as client:
        yield client


@pytest.fixture
async def manager(app: FastAPI, environment: TestEnvironment) -> AsyncIterator[Client]:
    async with client_of(app, environment.service_token) as client:
        client.params = {"environment": environment.slug}
        yield client


@pytest.fixture
async def sdk(app: FastAPI, environment: TestEnvironment) -> AsyncIterator[AsyncKnock]:
    """Knock's own SDK, refusing any answer that is not exactly what its models say."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncKnock(
        api_key=environment.secret_key,
        base_url=ORIGIN,
        max_retries=0,
        http_client=httpx.AsyncClient(transport=transport, base_url=ORIGIN),
        _strict_response_validation=True,
    ) as sdk:
        yield sdk


@pytest.fixture
def rows(database: Database, environment: TestEnvironment) -> Rows:
    return Rows(database, environment)


@pytest.fixture
async def stranger_key(database: Database) -> str:
    """The secret key of another environment."""
    return (await make_environment(database, Sealer(SECRET))).secret_key
