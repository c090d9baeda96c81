import asyncio
from typing import Any

import pytest

from activities.absorbing import SIGNALLED_JOINS
from activities.steps.batch import BatchSteps
from activities.versions import Versions
from dispatch.temporal import Temporal
from models.database import Database
from models.sealing import Sealer
from tests.builders import Step, batch_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SECRET
from tests.runs import WrittenRun, rows, write_run

REF = "batch_1"


@pytest.fixture
def batch(database: Database, temporal: Temporal) -> BatchSteps:
    return BatchSteps(database, Versions(Sealer(SECRET)), temporal)


async def opened(
    database: Database, environment: TestEnvironment, batch: BatchSteps, joined: int = SIGNALLED_JOINS
) -> WrittenRun:
    """The run that opened a window into which so many have joined, as its row says."""
    opener = await write_run(database, environment, "w")
    assert (await batch.join_batch(opener.ask(REF))).is_owner
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE batch_windows SET member_count = %s WHERE owner_run_id = %s", (joined, opener.id)
        )
    return opener


async def test_a_crowd_joins_a_busy_window_at_once_and_each_run_ends_with_its_join(
    database: Database, environment: TestEnvironment, batch: BatchSteps
) -> None:
    await publish(database, environment, "w", workflow(batch_step(seconds=60), in_app_step()))
    opener = await opened(database, environment, batch)
    crowd = [await write_run(database, environment, "w") for _ in range(30)]

    answers = await asyncio.gather(*(batch.join_batch(run.ask(REF)) for run in crowd))

    assert {(answer.owner_run_id, answer.is_owner, answer.is_settled) for answer in answers} == {
        (opener.id, False, True)
    }
    window = "SELECT * FROM batch_windows WHERE owner_run_id = %s"
    (row,) = await rows(database, window, opener.id)
    assert row["member_count"] == SIGNALLED_JOINS + 30
    members = await rows(database, "SELECT * FROM batch_members WHERE window_id = %s", row["id"])
    assert {member["recipient_run_id"] for member in members} == {run.id for run in [opener, *crowd]}
    ends = "SELECT DISTINCT status, outcome, outcome_reason FROM recipient_runs WHERE id = ANY(%s)"
    assert await rows(database, ends, [run.id for run in crowd]) == [
        {
            "status": "completed",
            "outcome": "absorbed",
            "outcome_reason": f"gathered by run {opener.id}",
        }
    ]
    assert sorted(line["count"] for line in await _told(database, crowd, "batch_joined")) == list(
        range(SIGNALLED_JOINS + 1, SIGNALLED_JOINS + 31)
    )
    assert len(await _told(database, crowd, "run_completed")) == 30


async def test_a_join_that_is_asked_for_again_answers_the_same_and_joins_nothing(
    database: Database, environment: TestEnvironment, batch: BatchSteps
) -> None:
    await publish(database, environment, "w", workflow(batch_step(seconds=60), in_app_step()))
    opener = await opened(database, environment, batch)
    run = await write_run(database, environment, "w")

    first = await batch.join_batch(run.ask(REF))
    again = await batch.join_batch(run.ask(REF))

    assert (again, again.is_settled) == (first, True)
    counted = await rows(
        database, "SELECT member_count FROM batch_windows WHERE owner_run_id = %s", opener.id
    )
    assert counted == [{"member_count": SIGNALLED_JOINS + 1}]


@pytest.mark.parametrize(
    ("first", "more"),
    [
        ([in_app_step("before")], {}),
        ([], {"cancellation_key": "stop"}),
    ],
    ids=["that may have composed a message", "that may be cancelled"],
)
async def test_a_run_is_left_to_end_by_itself(
    database: Database,
    environment: TestEnvironment,
    batch: BatchSteps,
    first: list[Step],
    more: dict[str, Any],
) -> None:
    await publish(database, environment, "w", workflow(*first, batch_step(seconds=60), in_app_step()))
    opener = await opened(database, environment, batch)
    run = await write_run(database, environment, "w", **more)

    answer = await batch.join_batch(run.ask(REF))

    assert (answer.owner_run_id, answer.is_settled) == (opener.id, False)
    assert await _told(database, [run], "batch_joined")
    assert not await _told(database, [run], "run_completed")


async def _told(database: Database, runs: list[WrittenRun], event: str) -> list[dict[str, Any]]:
    sql = "SELECT data FROM run_events WHERE recipient_run_id = ANY(%s) AND event = %s"
    return [row["data"] for row in await rows(database, sql, [run.id for run in runs], event)]
