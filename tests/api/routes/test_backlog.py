"""What a caller notices of a backlog."""

import asyncio
from collections.abc import Hashable
from typing import Any

import pytest
from fastapi import FastAPI

from api.app import create_app
from api.fair_turns import FairTurns, Why
from api.settings import ApiSettings
from dispatch.temporal import Temporal
from models.database import Database
from tests.api.conftest import client_of
from tests.backlogs import tell_for_long
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS
from tests.runs import rows

TRIGGERS = "SELECT FROM triggers WHERE environment_id = %s"


class WatchedTurns(FairTurns):
    """Tells when somebody is held."""

    def __init__(self) -> None:
        super().__init__(1, patience_seconds=PATIENCE_SECONDS)
        self.held = asyncio.Event()

    def hold(self, key: Hashable, seconds: float, why: Why | None = None) -> None:
        super().hold(key, seconds, why)
        self.held.set()


@pytest.fixture
async def app(
    settings: ApiSettings, database: Database, temporal: Temporal, environment: TestEnvironment
) -> FastAPI:
    await publish(database, environment, "greet", workflow(in_app_step()))
    return create_app(settings, database=database, temporal=temporal)


async def test_a_caller_waits_while_its_tenant_has_a_backlog_and_is_served_once_it_is_over(
    app: FastAPI, settings: ApiSettings, database: Database, environment: TestEnvironment
) -> None:
    app.state.trigger_turns = turns = WatchedTurns()
    await tell_for_long(database, environment, "acme", settings.longest_wait + 1)

    async with client_of(app, environment.secret_key) as client:
        body = {"recipients": ["ada"], "tenant": "acme"}
        call = asyncio.create_task(client.post("/v1/workflows/greet/trigger", json=body))
        await turns.held.wait()
        assert await rows(database, TRIGGERS, environment.id) == []
        await tell_for_long(database, environment, "acme", 0.1)
        answer = await call

    assert answer.status_code == 200, answer.text
    assert len(await rows(database, TRIGGERS, environment.id)) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/workflows/greet/trigger", {"recipients": ["ada"]}),
        ("/v1/notify", {"name": "greet", "actor": "ada", "recipients": ["ada"]}),
    ],
)
async def test_a_caller_whose_patience_ends_before_the_backlog_is_told_when_to_come_again(
    app: FastAPI, database: Database, environment: TestEnvironment, path: str, body: dict[str, Any]
) -> None:
    app.state.trigger_turns = FairTurns(1, patience_seconds=0.1)
    await tell_for_long(database, environment, None, 24.0)

    async with client_of(app, environment.secret_key) as client:
        await client.put("/v1/users/ada", json={"name": "Ada"})
        answer = await client.post(path, json=body)

    told = answer.json()
    assert (answer.status_code, answer.headers["retry-after"], told["code"]) == (503, "12", "unavailable")
    assert "waits for 24 s" in told["message"]
    assert await rows(database, TRIGGERS, environment.id) == []
