"""Whose run is next, where workers hold few at a time and Temporal's queue many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from temporalio.client import Client

from activities.backlogs import SHORTEST_SECONDS
from cli.embedded.temporal import EmbeddedTemporal
from dispatch.codec import data_converter
from dispatch.room import Room
from dispatch.starting import owner_of
from dispatch.temporal import Temporal
from dispatch.triggers import Place, TriggerRequest, accept
from models.database import Database
from models.values.given import GivenRecipient, GivenTenant
from models.values.refs import RecipientRef
from outbound.client import build_client
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.houses import SEALER
from tests.runs import rows, write_run
from worker.assembly import Parts, working
from worker.settings import WorkerSettings
from workflows_engine import names
from workflows_engine.recipient_run import RecipientRunWorkflow
from workflows_engine.run import RunInput

FLOOD = 60
SOON = 20
"""Turns: some of the flood is at work before the queue knows of anybody else."""
BEFORE = """
    SELECT count(*) FILTER (WHERE r.finished_at IS NULL) AS open,
           count(*) FILTER (WHERE r.finished_at < quiet.finished_at) AS before
    FROM recipient_runs r JOIN recipient_runs quiet USING (environment_id)
    WHERE r.environment_id = %s AND quiet.tenant_id = 'quiet'
"""


@pytest.fixture
async def unworked(tmp_path: Path) -> AsyncIterator[Temporal]:
    """A server whose queue fills, as nobody works on it yet."""
    server = EmbeddedTemporal(tmp_path, 0, None)
    server.start()
    yield Temporal(client=await Client.connect(server.address, data_converter=data_converter(None)))
    server.stop()


async def test_a_tenant_s_one_run_does_not_wait_for_another_s_flood(
    database: Database, environment: TestEnvironment, unworked: Temporal
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))

    async def greet(tenant: str) -> None:
        request = TriggerRequest(
            workflow_key="greet",
            recipients=[GivenRecipient.read({"id": f"of-{tenant}"})],
            tenant=GivenTenant.read(tenant),
            request_id="test",
        )
        await accept(database, unworked, Place(environment.id, environment.slug), request)

    for tenant in [*["noisy"] * FLOOD, "quiet"]:
        await greet(tenant)

    async def all_ended() -> bool:
        (seen,) = await rows(database, BEFORE, environment.id)
        return bool(seen["open"] == 0)

    async with build_client([]) as http, working(Parts(database, unworked, http, SEALER)):
        await eventually(all_ended)
    (seen,) = await rows(database, BEFORE, environment.id)
    assert seen["before"] < SOON


async def test_a_worker_holds_as_many_tasks_as_it_is_told(database: Database, unworked: Temporal) -> None:
    async with (
        build_client([]) as http,
        working(Parts(database, unworked, http, SEALER), runs_at_once=3) as workers,
    ):
        assert {worker.config()["max_concurrent_workflow_tasks"] for worker in workers} == {3}


def test_one_place_is_refused_since_new_runs_and_those_begun_need_one_each() -> None:
    with pytest.raises(ValidationError, match="TOCSIN_WORKER_RUNS_AT_ONCE"):
        WorkerSettings.model_validate(
            {"DATABASE_URL": "x", "TOCSIN_SECRET_KEY": "s" * 16, "TOCSIN_WORKER_RUNS_AT_ONCE": 1}
        )


async def test_a_run_tells_how_long_it_has_waited_for_a_worker(
    database: Database, environment: TestEnvironment, unworked: Temporal
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    run = await write_run(database, environment, "greet", tenant_id="acme")
    told = "SELECT waited_seconds FROM backlogs WHERE environment_id = %s AND tenant_id = 'acme'"
    late = timedelta(seconds=SHORTEST_SECONDS + 1)
    given = RunInput(
        environment_id=environment.id,
        environment=environment.slug,
        workflow_key="greet",
        workflow_run_id=run.trigger_id,
        recipient_run_id=run.id,
        recipient=RecipientRef(id="ada"),
    )
    async with build_client([]) as http, working(Parts(database, unworked, http, SEALER)):
        await unworked.client.start_workflow(
            RecipientRunWorkflow.run, given, id=str(run.id), task_queue=names.RUNS, start_delay=late
        )
        (seen,) = await eventually(lambda: rows(database, told, environment.id))
    assert seen["waited_seconds"] >= late.total_seconds()


@pytest.mark.parametrize("tenant", ["acme", None])
async def test_what_a_run_does_says_whose_it_is(
    database: Database, environment: TestEnvironment, unworked: Temporal, tenant: str | None
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    request = TriggerRequest(
        workflow_key="greet",
        recipients=[GivenRecipient.read({"id": "ada"})],
        tenant=GivenTenant.read(tenant) if tenant else None,
        request_id="test",
    )
    await accept(database, unworked, Place(environment.id, environment.slug), request)
    room = Room(clock=lambda: 100.0)

    async def is_seen() -> bool:
        return room.is_wanted_by_others("anybody")

    async with build_client([]) as http, working(Parts(database, unworked, http, SEALER, room=room)):
        await eventually(is_seen)
    assert not room.is_wanted_by_others(owner_of(environment.id, tenant))


async def test_a_worker_that_stops_takes_nothing_new_on_any_queue_while_one_finishes(
    database: Database, environment: TestEnvironment, unworked: Temporal
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    request = TriggerRequest(
        workflow_key="greet",
        recipients=[GivenRecipient.read({"id": one}) for one in ("ada", "bob")],
        request_id="test",
    )
    blocked = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    async with build_client([]) as http, AsyncExitStack() as serving:
        parts = Parts(database, unworked, http, SEALER)
        runs, sends, bulk = await serving.enter_async_context(working(parts))
        async with database.transaction() as holding:
            # Nobody writes a run until this transaction ends, so the fan-out keeps `bulk` busy.
            await holding.execute("LOCK TABLE recipient_runs IN SHARE MODE")
            await accept(database, unworked, Place(environment.id, environment.slug), request)
            await eventually(lambda: rows(database, blocked))
            stopping = asyncio.create_task(serving.aclose())

            async def others_have_stopped() -> bool:
                return runs.is_shutdown and sends.is_shutdown

            await eventually(others_have_stopped)
            assert not bulk.is_shutdown
        await stopping
