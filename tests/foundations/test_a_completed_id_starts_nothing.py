"""D7: by default Temporal runs a completed id again; ours is refused, in Temporal and in Postgres."""

from uuid import UUID

from knockapi import AsyncKnock

from activities.runs import Runs
from activities.versions import Versions
from dispatch.starting import StartableRun, start_recipient_run
from models.values.refs import RecipientRef
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.feeds import feed_of, feed_with
from tests.houses import SEALER, House
from tests.runs import NOON, rows
from workflows_engine import names
from workflows_engine.effects.runs import BeginAsk


async def test_starting_a_completed_run_again_sends_nothing(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(in_app_step()))
    accepted = await knock.workflows.trigger("greet", recipients=[{"id": "ada"}], data={})
    await feed_with(knock, "ada", 1)
    trigger_id, ada = UUID(accepted.workflow_run_id), RecipientRef(id="ada")
    run_id = names.recipient_run_id(trigger_id, ada)
    run = StartableRun(environment.id, environment.slug, "greet", trigger_id, run_id, ada)
    handle = house.temporal.client.get_workflow_handle(run.workflow_id)
    assert await handle.result() == "finished"

    again = await start_recipient_run(house.temporal, run)

    assert again.run_id is None
    assert (await handle.describe()).status is not None
    assert len(await feed_of(knock, "ada")) == 1


async def test_a_finished_run_is_refused_even_when_temporal_forgot_it(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    await publish(house.database, environment, "greet", workflow(in_app_step()))
    accepted = await knock.workflows.trigger("greet", recipients=[{"id": "ada"}], data={})
    run_id = names.recipient_run_id(UUID(accepted.workflow_run_id), RecipientRef(id="ada"))
    finished = "SELECT 1 FROM recipient_runs WHERE id = %s AND finished_at IS NOT NULL"
    await eventually(lambda: rows(house.database, finished, run_id))

    begun = await Runs(house.database, Versions(SEALER)).begin_run(
        BeginAsk(environment_id=environment.id, recipient_run_id=run_id, incarnation=7, now=NOON)
    )

    assert begun.outcome == "finished"
    assert begun.plan is None
