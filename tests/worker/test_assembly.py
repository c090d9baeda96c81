"""What a worker is made of, as its settings say."""

from collections.abc import Callable
from typing import Any

import pytest

from activities.absorbing import SIGNALLED_JOINS
from dispatch.temporal import connect
from models.database import Database
from models.sealing import Sealer
from outbound.client import build_client
from tests.builders import batch_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SECRET
from tests.runs import NOON, rows, write_run
from worker.assembly import Parts, performers
from workflows_engine.effects.runs import BeginAnswer, BeginAsk
from workflows_engine.effects.steps import ComposeAnswer, JoinAnswer


async def performer(database: Database, name: str, *, leads: bool) -> Callable[..., Any]:
    async with build_client([]) as http:
        parts = Parts(database, await connect(), http, Sealer(SECRET), leads=leads)
        (found,) = [one for one in performers(parts) if one.__name__ == name]
        return found


@pytest.mark.parametrize("leads", [True, False])
async def test_runs_are_begun_with_their_first_step_unless_older_workers_serve_them_too(
    database: Database, environment: TestEnvironment, leads: bool
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    run = await write_run(database, environment, "greet")
    begin_run = await performer(database, "begin_run", leads=leads)

    ask = BeginAsk(environment_id=run.environment_id, recipient_run_id=run.id, leads=True, now=NOON)
    answer: BeginAnswer = await begin_run(ask)

    assert (answer.outcome, answer.first is not None) == (None, leads)


@pytest.mark.parametrize("leads", [True, False])
async def test_runs_end_with_their_last_step_unless_older_workers_may_end_them_once_more(
    database: Database, environment: TestEnvironment, leads: bool
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    run = await write_run(database, environment, "greet")
    compose_messages = await performer(database, "compose_messages", leads=leads)

    answer: ComposeAnswer = await compose_messages(run.ask("in_app_1").model_copy(update={"closes": True}))

    assert (len(answer.message_ids), answer.is_settled) == (1, leads)
    (row,) = await rows(database, "SELECT finished_at FROM recipient_runs WHERE id = %s", run.id)
    assert (row["finished_at"] is not None) == leads


@pytest.mark.parametrize("leads", [True, False])
async def test_absorbed_runs_end_with_their_join_unless_older_workers_may_end_them_once_more(
    database: Database, environment: TestEnvironment, leads: bool
) -> None:
    await publish(database, environment, "greet", workflow(batch_step(seconds=60), in_app_step()))
    join_batch = await performer(database, "join_batch", leads=leads)
    opener = await write_run(database, environment, "greet")
    await join_batch(opener.ask("batch_1"))
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE batch_windows SET member_count = %s WHERE owner_run_id = %s", (SIGNALLED_JOINS, opener.id)
        )

    joiner = await write_run(database, environment, "greet")
    answer: JoinAnswer = await join_batch(joiner.ask("batch_1"))

    assert (answer.owner_run_id, answer.is_settled) == (opener.id, leads)
    (row,) = await rows(database, "SELECT finished_at FROM recipient_runs WHERE id = %s", joiner.id)
    assert (row["finished_at"] is not None) == leads
