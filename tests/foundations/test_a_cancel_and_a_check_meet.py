"""D10: in two transactions a cancel and a check would miss each other; the key's lock lets them meet."""

import asyncio

from activities.runs import Runs
from activities.versions import Versions
from dispatch.cancels import CancelRequest, accept_cancel
from dispatch.temporal import Temporal
from dispatch.triggers import Place
from models.database import Database
from models.tables.cancels import lock_key
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.runs import NOON, rows, write_run
from workflows_engine.effects.runs import BeginAsk


async def test_a_cancel_waits_for_a_check_that_is_under_way(
    database: Database, environment: TestEnvironment, temporal: Temporal
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    run = await write_run(database, environment, "greet", cancellation_key="k")
    place = Place(environment.id, environment.slug)
    async with database.transaction() as connection:
        await lock_key(connection, environment.id, "greet", "k", shared=True)
        cancel = asyncio.create_task(accept_cancel(database, temporal, place, CancelRequest("greet", "k")))
        seen = await rows(database, "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while not seen and not cancel.done():
            seen = await rows(
                database, "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            )
        assert not cancel.done(), "the cancel did not wait for the check"
    assert await cancel > run.acceptance


async def test_a_run_that_begins_after_a_cancel_never_runs(
    database: Database, environment: TestEnvironment, temporal: Temporal
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    run = await write_run(database, environment, "greet", cancellation_key="k")
    await accept_cancel(
        database, temporal, Place(environment.id, environment.slug), CancelRequest("greet", "k")
    )

    begun = await Runs(database, Versions(SEALER)).begin_run(
        BeginAsk(environment_id=environment.id, recipient_run_id=run.id, now=NOON)
    )

    assert begun.outcome == "cancelled"
    found = await rows(database, "SELECT status FROM recipient_runs WHERE id = %s", run.id)
    assert found == [{"status": "cancelled"}]


async def test_a_cancel_leaves_later_triggers_alone(
    database: Database, environment: TestEnvironment, temporal: Temporal
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    await accept_cancel(
        database, temporal, Place(environment.id, environment.slug), CancelRequest("greet", "k")
    )
    run = await write_run(database, environment, "greet", cancellation_key="k")

    begun = await Runs(database, Versions(SEALER)).begin_run(
        BeginAsk(environment_id=environment.id, recipient_run_id=run.id, now=NOON)
    )

    assert begun.outcome is None
    assert begun.plan is not None
