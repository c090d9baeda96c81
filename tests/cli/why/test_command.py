"""`tocsin why` of what really ran, through the API."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from knockapi import AsyncKnock
from typer.testing import CliRunner, Result

from cli.main import app
from models.tables.schedules import skip_occurrence
from tests.builders import batch_step, email_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.feeds import feed_with
from tests.houses import House
from tests.runs import rows
from tests.waking import close_batches

ADA: Any = {"id": "ada", "name": "Ada", "plan": "free"}
VIPS = {"all": [{"variable": "recipient.plan", "operator": "equal_to", "argument": "pro"}]}


async def why(house: House, environment: TestEnvironment, *arguments: str) -> Result:
    """The command as a person runs it; it has a loop of its own."""
    where = ["--url", house.url, "--key", environment.secret_key]
    return await asyncio.to_thread(CliRunner().invoke, app, ["why", *arguments, *where])


@pytest.mark.rule("E-DEBUG-3")
async def test_a_run_is_told_by_its_id_its_message_and_its_recipient(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "hi", workflow(in_app_step(), email_step(conditions=VIPS)))
    await knock.workflows.trigger("hi", recipients=[ADA])
    message_id = (await feed_with(knock, "ada", 1))[0].id

    told = await why(house, environment, message_id)
    by_recipient = await why(house, environment, "--workflow", "hi", "--recipient", "ada")

    assert told.exit_code == 0, told.output
    assert told.output.startswith("hi for ada: ")
    assert f"in_app_1: made the in_app_feed message {message_id}" in told.output
    assert "email_1: skipped, since its conditions did not hold" in by_recipient.output
    assert '· recipient.plan is "pro"? no (it is "free")' in by_recipient.output


async def test_what_never_ran_and_what_is_not_there_is_told(
    house: House, environment: TestEnvironment
) -> None:
    never = await why(house, environment, "--workflow", "hi", "--recipient", "pages/p1")
    absent = await why(house, environment, "2bd1cb1e-6b5a-4c52-8f6b-0f7e4d2c9a10")
    unclear = await why(house, environment, "--workflow", "hi")

    assert "hi has never run for pages/p1" in never.output
    assert absent.exit_code == 1
    assert "there is no recipient run 2bd1cb1e" in absent.output
    assert unclear.exit_code == 1
    assert "name a run or a message" in unclear.output


async def test_a_run_that_was_gathered_is_followed_to_the_message(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "digest", workflow(batch_step(seconds=600), in_app_step()))
    for _ in range(2):
        await knock.workflows.trigger("digest", recipients=[ADA])
    await close_batches(house, environment, 2)
    message_id = (await feed_with(knock, "ada", 1))[0].id
    ended = "SELECT 1 FROM recipient_runs WHERE environment_id = %s AND finished_at IS NOT NULL"
    await eventually(lambda: rows(house.database, ended, environment.id), until=lambda found: len(found) == 2)

    told = await why(house, environment, "--workflow", "digest", "--recipient", "ada", "--last", "2")

    assert told.exit_code == 0, told.output
    assert told.output.count("the run ended here, since its activity joined a batch") == 1
    assert told.output.count(f", which made the in_app_feed message {message_id} at ") == 1


@pytest.mark.rule("E-SCHED-12")
async def test_an_occurrence_that_was_passed_over_is_told(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "digest", workflow(in_app_step()))
    (made,) = await knock.schedules.create(
        workflow="digest", recipients=[ADA], repeats=[{"frequency": "daily"}]
    )
    async with house.database.transaction() as connection:
        row = {"environment_id": environment.id, "id": UUID(made.id)}
        at = datetime.now(UTC) + timedelta(minutes=1)
        await skip_occurrence(connection, row, at, "it is inactive")

    told = await why(house, environment, "--workflow", "digest", "--recipient", "ada")

    assert told.exit_code == 0, told.output
    assert f"when its schedule {made.id} was due: it is inactive" in told.output
