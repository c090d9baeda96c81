"""Where the runs of somebody are carried out who asks for many at a time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings
from dispatch.crowds import Crowds
from dispatch.temporal import Temporal
from models.database import Database
from models.values.refs import RecipientRef
from tests.api.conftest import Client, client_of
from tests.builders import delay_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from workflows_engine import names

MOST = 3


@pytest.fixture
async def app(
    settings: ApiSettings, database: Database, temporal: Temporal, environment: TestEnvironment
) -> FastAPI:
    await publish(database, environment, "greet", workflow(delay_step(unit="days", value=1), in_app_step()))
    app = create_app(settings, database=database, temporal=temporal)
    app.state.crowds = Crowds(MOST, clock=lambda: 100.0)
    return app


@dataclass(frozen=True)
class Caller:
    """Triggers one after the other, and asks Temporal in which task queue that is carried out."""

    client: Client
    temporal: Temporal
    slug: str

    async def queue_of_run(self, user: str, tenant: str | None = None) -> str:
        run_id = await self._trigger([user], tenant)
        ref = RecipientRef(id=user)
        of_recipient = names.recipient_run_id(run_id, ref)
        return await self._queue(names.recipient_run_workflow(self.slug, "greet", ref, of_recipient))

    async def queue_of_fan_out(self, *users: str) -> str:
        run_id = await self._trigger(list(users), None)
        return await self._queue(names.workflow_run_workflow(self.slug, "greet", run_id))

    async def _trigger(self, users: list[str], tenant: str | None) -> UUID:
        body = {"recipients": users, "tenant": tenant}
        answer = await self.client.post("/v1/workflows/greet/trigger", json=body)
        assert answer.status_code == 200, answer.text
        return UUID(answer.json()["workflow_run_id"])

    async def _queue(self, workflow_id: str) -> str:
        return (await self.temporal.client.get_workflow_handle(workflow_id).describe()).task_queue


@pytest.fixture
async def caller(app: FastAPI, temporal: Temporal, environment: TestEnvironment) -> AsyncIterator[Caller]:
    async with client_of(app, environment.secret_key) as client:
        yield Caller(client, temporal, environment.slug)


async def test_who_asks_for_many_runs_at_a_time_has_them_carried_out_beside_single_ones(
    caller: Caller,
) -> None:
    queues = [await caller.queue_of_run(f"u{number}", "much") for number in range(MOST + 2)]
    assert queues == [names.RUNS] * MOST + [names.BULK] * 2
    assert await caller.queue_of_run("ada", "little") == names.RUNS
    assert await caller.queue_of_run("ada") == names.RUNS


async def test_a_fan_out_makes_no_crowd_of_who_asks_for_it(caller: Caller) -> None:
    everybody = [f"u{number}" for number in range(MOST + 1)]
    assert await caller.queue_of_fan_out(*everybody) == names.RUNS
    assert await caller.queue_of_run("ada") == names.RUNS
