"""What a caller notices of a backlog."""

import time
from typing import Any

import pytest
from fastapi import FastAPI

from api.admission import HOLD_SECONDS
from api.app import create_app
from api.fair_turns import FairTurns
from api.settings import ApiSettings
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.backlogs import tell_waited
from tests.api.conftest import client_of
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.runs import rows


@pytest.fixture
async def app(
    settings: ApiSettings, database: Database, temporal: Temporal, environment: TestEnvironment
) -> FastAPI:
    await publish(database, environment, "greet", workflow(in_app_step()))
    return create_app(settings, database=database, temporal=temporal)


async def test_a_caller_waits_while_its_tenant_has_a_backlog_and_is_served_once_it_is_over(
    app: FastAPI, settings: ApiSettings, database: Database, environment: TestEnvironment
) -> None:
    async with database.connection() as connection:
        await tell_waited(connection, environment.id, "acme", settings.longest_wait + 1)
    began = time.monotonic()
    sql = "SELECT count(*) FROM backlogs WHERE environment_id = %s AND seen_at > now() - interval '3 seconds'"

    async with client_of(app, environment.secret_key) as client:
        body = {"recipients": ["ada"], "tenant": "acme"}
        answer = await client.post("/v1/workflows/greet/trigger", json=body)

    assert answer.status_code == 200, answer.text
    assert time.monotonic() > began + HOLD_SECONDS
    (still,) = await rows(database, sql, environment.id)
    assert still["count"] == 0


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
    async with database.connection() as connection:
        await tell_waited(connection, environment.id, None, 24.0)

    async with client_of(app, environment.secret_key) as client:
        await client.put("/v1/users/ada", json={"name": "Ada"})
        answer = await client.post(path, json=body)

    told = answer.json()
    assert (answer.status_code, answer.headers["retry-after"], told["code"]) == (503, "12", "unavailable")
    assert "waits for 24 s" in told["message"]
    accepted = "SELECT FROM triggers WHERE environment_id = %s"
    assert await rows(database, accepted, environment.id) == []
