"""A first step that is performed with the beginning of its run, and a last one that ends it."""

from typing import Any

import pytest

from activities.runs import Runs
from activities.steps.channel import ChannelSteps
from activities.versions import Versions
from models.database import Database
from models.sealing import Sealer
from models.values.kinds import Outcome
from tests.builders import email_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SECRET
from tests.runs import NOON, WrittenRun, rows, write_run
from workflows_engine.effects.runs import BeginAnswer, BeginAsk, FinishAsk
from workflows_engine.effects.steps import ComposeAnswer

NEVER = {"all": [{"variable": "recipient.id", "operator": "equal_to", "argument": "nobody"}]}
ENDS = "SELECT event FROM run_events WHERE environment_id = %s AND event LIKE 'run_%%'"
LATE = "SELECT data FROM run_events WHERE environment_id = %s AND event = 'cancel_came_late'"


class Beginner:
    """Begins runs as a worker does."""

    def __init__(self, database: Database) -> None:
        versions = Versions(Sealer(SECRET))
        self.channel = ChannelSteps(database, versions)
        self.runs = Runs(database, versions, leading={"channel": self.channel.compose_messages})

    async def begin(self, run: WrittenRun, *, leads: bool = True) -> BeginAnswer:
        ask = BeginAsk(environment_id=run.environment_id, recipient_run_id=run.id, leads=leads, now=NOON)
        answer: BeginAnswer = await self.runs.begin_run(ask)
        return answer

    async def lead(self, run: WrittenRun) -> ComposeAnswer:
        return ComposeAnswer.model_validate((await self.begin(run)).first)


async def written(database: Database, environment: TestEnvironment, *steps: Any, **more: Any) -> WrittenRun:
    await publish(database, environment, "greet", workflow(*steps))
    return await write_run(database, environment, "greet", **more)


async def status_of(database: Database, run: WrittenRun) -> tuple[str, str | None]:
    (row,) = await rows(database, "SELECT status, outcome FROM recipient_runs WHERE id = %s", run.id)
    return row["status"], row["outcome"]


@pytest.mark.parametrize("more", [{}, {"cancellation_key": "k"}])
async def test_an_only_step_is_performed_and_its_run_ended_once_however_often_either_is_asked(
    database: Database, environment: TestEnvironment, more: dict[str, Any]
) -> None:
    run = await written(database, environment, in_app_step(), **more)
    beginner = Beginner(database)

    first, second = await beginner.lead(run), await beginner.lead(run)
    alone = await beginner.channel.compose_messages(run.ask("in_app_1"))

    assert first == second == alone
    assert (first.is_settled, len(first.message_ids)) == (True, 1)
    assert await status_of(database, run) == ("completed", "finished")
    assert await rows(database, ENDS, environment.id) == [{"event": "run_completed"}]


async def test_a_step_that_is_skipped_ends_its_run_as_well(
    database: Database, environment: TestEnvironment
) -> None:
    run = await written(database, environment, in_app_step(conditions=NEVER))

    assert (await Beginner(database).lead(run)).is_settled
    assert await status_of(database, run) == ("completed", "finished")


@pytest.mark.parametrize("steps", [[in_app_step(), in_app_step("in_app_2")], [email_step()]])
async def test_a_run_that_has_more_to_do_goes_on(
    database: Database, environment: TestEnvironment, steps: list[dict[str, Any]]
) -> None:
    run = await written(database, environment, *steps)

    answer = await Beginner(database).lead(run)

    assert (answer.is_settled, len(answer.message_ids)) == (False, 1)
    assert await status_of(database, run) == ("processing", None)


async def test_a_beginning_that_is_not_to_lead_leaves_the_step_alone(
    database: Database, environment: TestEnvironment
) -> None:
    run = await written(database, environment, in_app_step())

    answer = await Beginner(database).begin(run, leads=False)

    assert (answer.first, answer.outcome) == (None, None)
    assert await rows(database, "SELECT 1 FROM messages WHERE environment_id = %s", environment.id) == []


async def cancelled_late(beginner: Beginner, run: WrittenRun) -> None:
    again = FinishAsk(
        environment_id=run.environment_id,
        recipient_run_id=run.id,
        outcome=Outcome.CANCELLED,
        reason="cancelled by Temporal (not today)",
        cancelled_by="Temporal (not today)",
        now=NOON,
    )
    await beginner.runs.finish_run(again)


async def test_a_cancel_that_finds_the_run_ended_with_its_step_ends_it_no_second_time(
    database: Database, environment: TestEnvironment
) -> None:
    run = await written(database, environment, in_app_step())
    beginner = Beginner(database)
    await beginner.begin(run)

    await cancelled_late(beginner, run)

    assert await status_of(database, run) == ("completed", "finished")
    assert await rows(database, ENDS, environment.id) == [{"event": "run_completed"}]


@pytest.mark.parametrize("steps", [[in_app_step()], [in_app_step(), in_app_step("in_app_2")]])
async def test_who_cancelled_a_run_that_had_ended_is_in_its_log_once(
    database: Database, environment: TestEnvironment, steps: list[dict[str, Any]]
) -> None:
    run = await written(database, environment, *steps)
    beginner = Beginner(database)
    await beginner.begin(run)
    await beginner.runs.finish_run(
        FinishAsk(
            environment_id=run.environment_id, recipient_run_id=run.id, outcome=Outcome.FINISHED, now=NOON
        )
    )

    await cancelled_late(beginner, run)
    await cancelled_late(beginner, run)

    late = {"outcome": "finished", "cancelled_by": "Temporal (not today)"}
    assert await rows(database, LATE, environment.id) == [{"data": late}]


async def test_a_run_that_its_cancel_ends_was_not_cancelled_late(
    database: Database, environment: TestEnvironment
) -> None:
    run = await written(database, environment, in_app_step(), in_app_step("in_app_2"))
    beginner = Beginner(database)
    await beginner.begin(run)

    await cancelled_late(beginner, run)

    assert await status_of(database, run) == ("cancelled", "cancelled")
    assert await rows(database, LATE, environment.id) == []
