import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from fastapi import APIRouter, FastAPI
from knockapi import AsyncKnock

from api.app import create_app
from api.settings import ApiSettings
from cli.embedded.ports import free_port
from models.database import Database
from tests.api.conftest import Client, client_of
from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS, eventually

BROWSER = {"origin": "https://shop.example.com"}


@pytest.fixture
def faulty(settings: ApiSettings, database: Database) -> FastAPI:
    """The API with one more endpoint, which is broken."""
    app = create_app(settings, database=database)
    router = APIRouter()

    @router.get("/broken")
    async def break_down() -> None:
        raise RuntimeError("secret detail")

    app.include_router(router)
    return app


async def test_what_a_crowd_is_and_what_it_leaves_is_set(settings: ApiSettings, database: Database) -> None:
    app = create_app(settings.model_copy(update={"crowd_runs": 2, "crowd_rest_times": 0}), database=database)
    assert [app.state.crowds.asks("one") for _ in range(3)] == [False, False, True]
    app.state.room.saw("other")
    assert not app.state.room.is_wanted_by_others("one")


async def test_a_browser_may_ask_before_it_calls(stranger: Client) -> None:
    asked = "authorization,content-type,x-knock-branch,x-knock-client,x-knock-user-token"
    for method in ("GET", "PUT", "POST", "DELETE"):
        answer = await stranger.options(
            "/v1/users/ada",
            headers={
                **BROWSER,
                "access-control-request-method": method,
                "access-control-request-headers": asked,
            },
        )
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-headers"] == asked
        assert int(answer.headers["access-control-max-age"]) >= 3600


@pytest.mark.parametrize("path", ["/v1/users/ada", "/v1/nothing", "/v1/users/a%00"])
async def test_a_browser_can_read_errors(stranger: Client, path: str) -> None:
    answer = await stranger.get(path, headers=BROWSER)
    assert answer.status_code >= 400
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "retry-after" in answer.headers["access-control-expose-headers"]


async def test_a_browser_can_read_even_our_own_faults(faulty: FastAPI) -> None:
    async with client_of(faulty, None) as client:
        answer = await client.get("/broken", headers=BROWSER)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-request-id"]
    assert "secret detail" not in answer.text


async def test_every_answer_has_a_name_of_its_own(client: Client, stranger: Client) -> None:
    answers = [await client.get("/v1/messages"), await stranger.get("/v1/messages"), await client.get("/x")]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3


async def test_the_api_describes_itself(stranger: Client) -> None:
    described = await stranger.found("/openapi.json")
    assert "get" in described["paths"]["/v1/messages/{message_id}"]
    assert (await stranger.get("/docs")).status_code == 200


async def test_a_database_that_is_away_is_told_with_a_time_to_come_back(settings: ApiSettings) -> None:
    away = Database(f"postgresql://app@127.0.0.1:{free_port()}/nothing", patience_seconds=0.1)
    await away.open()
    try:
        async with client_of(create_app(settings, database=away), "any key") as client:
            answer = await client.get("/v1/messages")
    finally:
        await away.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, http="httptools", log_level="warning")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())

    async def server_started() -> bool:
        return server.started

    await eventually(server_started, seconds=10)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


async def test_the_sdk_is_served_over_a_real_socket(
    settings: ApiSettings, environment: TestEnvironment
) -> None:
    async with (
        serving(create_app(settings)) as origin,
        AsyncKnock(
            api_key=environment.secret_key,
            base_url=origin,
            _strict_response_validation=True,
            timeout=PATIENCE_SECONDS,
        ) as sdk,
        httpx.AsyncClient(
            headers={"authorization": f"Bearer {environment.secret_key}"}, timeout=PATIENCE_SECONDS
        ) as client,
    ):
        assert (await sdk.users.update("a b@example.com", name="Ada")).id == "a b@example.com"
        # The server, not only the test's own transport, must leave the path as it was sent.
        told = (await client.get(f"{origin}/v1/users/a%2Fb")).json()
        assert 'no user "a/b"' in told["message"]
        large = await client.put(f"{origin}/v1/users/a", content=b"x" * (13 * 1024 * 1024))
        assert large.status_code == 413
