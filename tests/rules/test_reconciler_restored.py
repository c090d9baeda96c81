"""After Postgres was restored, a round looks at what Temporal did since (D5), on the embedded server."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from knockapi import AsyncKnock
from psycopg.rows import DictRow

from activities.reconciling.restored import look_back
from dispatch.looking import FORGOTTEN, Condition, condition_of, end_forgotten, ending_of, list_started
from models.database import Database
from models.values.differences import Difference
from tests.builders import delay_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.feeds import feed_with
from tests.houses import House
from tests.rules.healing import heals, round_of
from tests.runs import rows
from workflows_engine import names
from workflows_engine.errors import ROW_MISSING
from workflows_engine.workflow_run import WorkflowRunInput, WorkflowRunWorkflow


@pytest.fixture
def place(environment: TestEnvironment) -> DictRow:
    return {"id": environment.id, "slug": environment.slug}


async def asleep(house: House, environment: TestEnvironment, knock: AsyncKnock, key: str) -> dict[str, Any]:
    """A new run, once it sleeps and Temporal lists it."""
    before = {row["id"] for row in await runs_of(house.database, environment)}
    await knock.workflows.trigger(key, recipients=[{"id": "ada", "name": "Ada"}])

    async def look() -> list[dict[str, Any]]:
        found = list_started(house.temporal, environment.slug, None)
        # What it waits for is told with the task that puts it to sleep.
        listed = [one.workflow_id async for one in found if one.is_waiting]
        return [
            row
            for row in await runs_of(house.database, environment)
            if row["status"] == "paused" and row["id"] not in before and id_of(environment, row) in listed
        ]

    (run,) = await eventually(look, until=bool)
    return run


async def runs_of(database: Database, environment: TestEnvironment) -> list[dict[str, Any]]:
    return await rows(database, "SELECT * FROM recipient_runs WHERE environment_id = %s", environment.id)


def id_of(environment: TestEnvironment, run: dict[str, Any]) -> str:
    return f"{environment.slug}/{run['workflow_key']}/ada/{run['id']}"


async def forget(database: Database, run: dict[str, Any]) -> None:
    """As if Postgres were of before the run's trigger."""
    async with database.transaction() as connection:
        await connection.execute("DELETE FROM step_ledger WHERE recipient_run_id = %s", (run["id"],))
        await connection.execute("DELETE FROM recipient_runs WHERE id = %s", (run["id"],))
        await connection.execute("DELETE FROM triggers WHERE id = %s", (run["workflow_run_id"],))


@heals(Difference.TRIGGERS_LOST)
async def test_a_run_whose_trigger_postgres_lost_is_ended_and_counted(
    house: House, environment: TestEnvironment, place: DictRow, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "welcome", workflow(delay_step(), in_app_step()))
    lost = await asleep(house, environment, knock, "welcome")
    known = await asleep(house, environment, knock, "welcome")
    await forget(house.database, lost)

    assert await look_back(house.database, house.temporal, place) == {Difference.TRIGGERS_LOST: 1}

    assert await ending_of(house.temporal, id_of(environment, lost)) == FORGOTTEN
    assert await condition_of(house.temporal, id_of(environment, known)) is Condition.RUNNING


async def test_a_fan_out_that_was_ended_since_postgres_knew_less_is_done_again(
    house: House, environment: TestEnvironment, place: DictRow, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "welcome", workflow(in_app_step()))
    accepted = await knock.workflows.trigger("welcome", recipients=[{"id": "ada"}, {"id": "bob"}])
    await feed_with(knock, "bob", 1)
    trigger_id = UUID(accepted.workflow_run_id)
    workflow_id = names.workflow_run_workflow(environment.slug, "welcome", trigger_id)
    # It is under way, and a Postgres of before it had come to Bob.
    await house.temporal.client.start_workflow(
        WorkflowRunWorkflow.run,
        WorkflowRunInput(environment_id=environment.id, workflow_run_id=trigger_id),
        id=workflow_id,
        task_queue="of nobody",
    )
    async with house.database.transaction() as connection:
        mine = "environment_id = %s AND recipient_id = 'bob'"
        await connection.execute(f"DELETE FROM recipient_runs WHERE {mine}", (environment.id,))
        await connection.execute("UPDATE triggers SET fan_out = 'pending' WHERE id = %s", (trigger_id,))

    await end_forgotten(house.temporal, workflow_id)
    report = await round_of(house, place, datetime.now(UTC) + timedelta(minutes=5))

    assert report["found"] == {"fan_outs_restarted": 1}
    await eventually(lambda: runs_of(house.database, environment), until=lambda found: len(found) == 2)


@heals(Difference.RUNS_RUN_AGAIN)
async def test_a_run_that_moved_on_since_the_last_round_that_postgres_remembers_is_run_again(
    house: House, environment: TestEnvironment, place: DictRow, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "welcome", workflow(in_app_step(), delay_step()))
    still = await asleep(house, environment, knock, "welcome")
    now = datetime.now(UTC)
    await round_of(house, place, now)
    moved = await asleep(house, environment, knock, "welcome")
    # Its message is lost, and with it that the step was done.
    async with house.database.transaction() as connection:
        mine = "SELECT id FROM messages WHERE recipient_run_id = %s"
        await connection.execute(f"DELETE FROM feed_items WHERE message_id IN ({mine})", (moved["id"],))
        await connection.execute("DELETE FROM messages WHERE recipient_run_id = %s", (moved["id"],))
        await connection.execute(
            "DELETE FROM step_ledger WHERE recipient_run_id = %s AND step_ref <> '$begin'", (moved["id"],)
        )

    later = now + timedelta(minutes=5)
    assert await look_back(house.database, house.temporal, place) == {}
    report = await round_of(house, place, later)

    assert report["found"] == {"runs_run_again": 1}
    assert await ending_of(house.temporal, id_of(environment, moved)) == FORGOTTEN
    assert await condition_of(house.temporal, id_of(environment, still)) is Condition.RUNNING

    async def composed() -> list[dict[str, Any]]:
        sql = "SELECT id FROM messages WHERE recipient_run_id = %s"
        return await rows(house.database, sql, moved["id"])

    assert len(await eventually(composed, until=bool)) == 1


async def test_a_run_that_has_no_row_any_more_ends_at_its_next_step(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "welcome", workflow(delay_step(), in_app_step()))
    lost = await asleep(house, environment, knock, "welcome")
    await forget(house.database, lost)

    await house.temporal.client.get_workflow_handle(id_of(environment, lost)).signal(names.WAKE)

    async def condition() -> Condition:
        return await condition_of(house.temporal, id_of(environment, lost))

    assert await eventually(condition, until=lambda seen: seen != Condition.RUNNING) is Condition.FAILED
    assert await ending_of(house.temporal, id_of(environment, lost)) == ROW_MISSING
