"""What a worker is made of, as its settings say."""

import pytest

from dispatch.temporal import connect
from models.database import Database
from models.sealing import Sealer
from outbound.client import build_client
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SECRET
from tests.runs import NOON, write_run
from worker.assembly import Parts, performers
from workflows_engine.effects.runs import BeginAnswer, BeginAsk


@pytest.mark.parametrize("leads", [True, False])
async def test_runs_are_begun_with_their_first_step_unless_older_workers_serve_them_too(
    database: Database, environment: TestEnvironment, leads: bool
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    run = await write_run(database, environment, "greet")
    http = build_client([])
    parts = Parts(database, await connect(), http, Sealer(SECRET), leads=leads)
    (begin_run,) = [one for one in performers(parts) if one.__name__ == "begin_run"]

    ask = BeginAsk(environment_id=run.environment_id, recipient_run_id=run.id, leads=True, now=NOON)
    answer: BeginAnswer = await begin_run(ask)
    await http.aclose()

    assert (answer.outcome, answer.first is not None) == (None, leads)
