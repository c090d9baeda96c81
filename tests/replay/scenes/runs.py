"""Scenes of whole runs: how they start, how many there are, and how they end before their steps do."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.starting import StartableRun, ensure_maintenance, start_recipient_run
from models.tables.cancels import NewCancel, insert_cancel, lock_key
from models.values.refs import RecipientRef
from tests.builders import delay_step, email_step, in_app_step
from tests.eventually import eventually
from tests.replay.stage import BODY, CANARY, IS_OTHER, PATIENCE_SECONDS, Handle, Scene, Stage, closed
from tests.runs import write_run
from tests.subscribing import subscribed
from workflows_engine import names


async def one_in_app_step(stage: Stage) -> dict[str, Handle]:
    await stage.publish("greet", in_app_step(body=BODY))
    handle = await closed(await stage.start("greet"))
    # The first is of a release that performed the step, and the end, in effects of their own.
    return {"one_in_app_step": handle, "run_in_one_effect": handle}


async def finished_by_its_last_step(stage: Stage) -> dict[str, Handle]:
    await stage.publish("greet", in_app_step(body=BODY), in_app_step("in_app_2", body=BODY))
    return {"finished_by_its_last_step": await closed(await stage.start("greet"))}


async def in_app_and_email(stage: Stage) -> dict[str, Handle]:
    await stage.publish("greet", in_app_step(body=BODY), email_step(subject=BODY))
    return {"in_app_and_email": await closed(await stage.start("greet"))}


async def fan_out(stage: Stage) -> dict[str, Handle]:
    await stage.publish("greet", in_app_step(body=BODY))
    workflow_run_id = await stage.trigger("greet", "ada", "bob", "eve")
    workflow_id = names.workflow_run_workflow(stage.environment.slug, "greet", workflow_run_id)
    return {"fan_out": await closed(stage.handle(workflow_id))}


async def cancel_of_many(stage: Stage) -> dict[str, Handle]:
    await stage.publish("welcome", delay_step())
    people = [f"u{number}" for number in range(25)]
    await stage.trigger("welcome", *people, cancellation_key="all")
    await stage.reach("paused", len(people))
    await stage.knock.workflows.cancel("welcome", cancellation_key="all")
    cancel = (await stage.rows("SELECT acceptance FROM cancels WHERE environment_id = %s"))[0]
    workflow_id = names.cancel_workflow(stage.environment.slug, "welcome", cancel["acceptance"])
    return {"cancel_of_many": await closed(stage.handle(workflow_id))}


async def maintenance(stage: Stage) -> dict[str, Handle]:
    """Its history never ends: a few rounds of it are enough."""
    await ensure_maintenance(stage.house.temporal)
    handle = stage.handle(names.MAINTENANCE)

    async def events() -> int:
        return len((await handle.fetch_history()).events)

    await eventually(events, until=lambda count: count > 40, seconds=PATIENCE_SECONDS)
    return {"maintenance": handle}


async def schedules(stage: Stage) -> dict[str, Handle]:
    """One fires and is over, one is changed while it sleeps and then deleted."""
    await stage.publish("digest", in_app_step(body=BODY))
    person: Any = {"id": "ada", "name": CANARY}
    given: dict[str, Any] = {"workflow": "digest", "recipients": [person], "data": {"word": CANARY}}
    soon = datetime.now(UTC) + timedelta(seconds=3)
    (once,) = await stage.knock.schedules.create(**given, scheduled_at=soon)
    (daily,) = await stage.knock.schedules.create(**given, repeats=[{"frequency": "daily"}])
    fired = await closed(stage.handle(names.schedule_workflow(UUID(once.id))))
    await stage.knock.schedules.update(schedule_ids=[daily.id], repeats=[{"frequency": "weekly"}])
    await stage.knock.schedules.delete(schedule_ids=[daily.id])
    deleted = await closed(stage.handle(names.schedule_workflow(UUID(daily.id))))
    return {"schedule_fired": fired, "schedule_changed_and_deleted": deleted}


async def fan_out_to_subscribers(stage: Stage) -> dict[str, Handle]:
    await stage.publish("greet", in_app_step(body=BODY))
    await subscribed(stage.house.database, stage.environment, "ships/one", "ada", "bob", "ships/two")
    await subscribed(stage.house.database, stage.environment, "ships/two", "bob", "eve")
    given = await stage.knock.workflows.trigger("greet", recipients=[{"collection": "ships", "id": "one"}])
    trigger_id = UUID(given.workflow_run_id)
    fanned = stage.handle(names.workflow_run_workflow(stage.environment.slug, "greet", trigger_id))
    reached = stage.run_of("greet", trigger_id, "eve")
    return {"fan_out_to_subscribers": await closed(fanned), "run_by_subscription": await closed(reached)}


async def refused(stage: Stage) -> dict[str, Handle]:
    """Nobody was ever identified by that id; the trigger's conditions do not hold."""
    await stage.publish("greet", in_app_step(body=BODY))
    given = await stage.knock.workflows.trigger("greet", recipients=["nobody"])
    missing = await closed(stage.run_of("greet", UUID(given.workflow_run_id), "nobody"))
    await stage.publish("rarely", in_app_step(body=BODY), conditions=IS_OTHER)
    return {"recipient_missing": missing, "conditions_unmet": await closed(await stage.start("rarely"))}


async def cancelled_before_it_began(stage: Stage) -> dict[str, Handle]:
    """The canceller holds the key's lock until the trigger is accepted; the run begins behind it (D10)."""
    await stage.publish("greet", in_app_step(body=BODY))
    place = stage.environment.id
    async with stage.house.database.transaction() as connection:
        await lock_key(connection, place, "greet", "stop", shared=False)
        run = await stage.start("greet", cancellation_key="stop")
        cancel = NewCancel(place, "greet", "stop", gids=None, api_key_id=None)
        await insert_cancel(connection, cancel, datetime.now(UTC))
    return {"cancelled_before_it_began": await closed(run)}


async def withdrawn(stage: Stage) -> dict[str, Handle]:
    """The trigger's caller never heard an answer, and the reconciler retired it before its run began."""
    await stage.publish("greet", in_app_step(body=BODY))
    run = await write_run(stage.house.database, stage.environment, "greet")
    await stage.write("UPDATE triggers SET answered_at = NULL, retired_at = now() WHERE environment_id = %s")
    startable = StartableRun(
        environment_id=stage.environment.id,
        environment=stage.environment.slug,
        workflow_key="greet",
        workflow_run_id=run.trigger_id,
        recipient_run_id=run.id,
        recipient=RecipientRef(id="ada"),
    )
    await start_recipient_run(stage.house.temporal, startable)
    return {"withdrawn": await closed(stage.run_of("greet", run.trigger_id))}


async def stopped_on_the_way(stage: Stage) -> dict[str, Handle]:
    """While they sleep, the workflow of one is switched off, and the recipient of the other is deleted."""
    steps = (delay_step(unit="seconds", value=3), in_app_step(body=BODY))
    await stage.publish("off", *steps)
    await stage.publish("gone", *steps)
    off, gone = await stage.start("off"), await stage.start("gone", "bob")
    await stage.reach("paused", 2)
    await stage.write("UPDATE resources SET active = false WHERE environment_id = %s AND key = 'off'")
    await stage.write("DELETE FROM recipients WHERE environment_id = %s AND id = 'bob'")
    return {"workflow_inactive": await closed(off), "recipient_deleted": await closed(gone)}


SCENES: list[tuple[Scene, tuple[str, ...]]] = [
    (schedules, ("schedule_fired", "schedule_changed_and_deleted")),
    (one_in_app_step, ("one_in_app_step", "run_in_one_effect")),
    (finished_by_its_last_step, ("finished_by_its_last_step",)),
    (in_app_and_email, ("in_app_and_email",)),
    (fan_out, ("fan_out",)),
    (fan_out_to_subscribers, ("fan_out_to_subscribers", "run_by_subscription")),
    (refused, ("recipient_missing", "conditions_unmet")),
    (cancelled_before_it_began, ("cancelled_before_it_began",)),
    (withdrawn, ("withdrawn",)),
    (stopped_on_the_way, ("workflow_inactive", "recipient_deleted")),
    (cancel_of_many, ("cancel_of_many",)),
    (maintenance, ("maintenance",)),
]
