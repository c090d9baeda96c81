"""Scenes of delays, throttles and waits, however they end."""

from datetime import UTC, datetime, timedelta
from typing import Any

from activities.steps.wait_for_event import LOOKED_AT_ONCE
from models.tables.waits import NewAwaitedEvent, record_event
from models.values.refs import RecipientRef
from tests.builders import delay_step, in_app_step
from tests.eventually import eventually
from tests.every_step import step
from tests.replay.stage import BODY, CANARY, PATIENCE_SECONDS, Handle, Scene, Stage, closed
from workflows_engine import names
from workflows_engine.steps.wait_for_event import AwaitedEvent

ADA = RecipientRef(id="ada")
HOUR = {"unit": "hours", "value": 1}


async def delay_cancelled_by_key(stage: Stage) -> dict[str, Handle]:
    await stage.publish("welcome", delay_step(), in_app_step(body=BODY))
    run = await stage.start("welcome", cancellation_key="stop")
    await stage.reach("paused")
    await stage.knock.workflows.cancel("welcome", cancellation_key="stop")
    return {"delay_cancelled_by_key": await closed(run)}


async def delay_cancelled_in_temporal(stage: Stage) -> dict[str, Handle]:
    await stage.publish("welcome", delay_step(), in_app_step(body=BODY))
    run = await stage.start("welcome")
    await stage.reach("paused")
    await run.cancel()
    return {"delay_cancelled_in_temporal": await closed(run)}


async def delay_elapsed(stage: Stage) -> dict[str, Handle]:
    await stage.publish("welcome", delay_step(unit="seconds", value=2), in_app_step(body=BODY))
    return {"delay_elapsed": await closed(await stage.start("welcome"))}


async def throttled(stage: Stage) -> dict[str, Handle]:
    throttle = {"throttle_limit": 1, "throttle_window": {"unit": "hours", "value": 1}, "throttle_key": BODY}
    step = {"type": "throttle", "ref": "throttle_1", "settings": throttle}
    await stage.publish("greet", step, in_app_step(body=BODY))
    passed = await closed(await stage.start("greet"))
    return {"throttle_passed": passed, "throttle_closed": await closed(await stage.start("greet"))}


async def waited(stage: Stage) -> dict[str, Handle]:
    """A change that does not match, then one that does; the other recipient's never comes."""
    is_word = {"variable": "event.properties.word", "operator": "equal_to", "argument": CANARY}
    settings = {
        "event": {"event_type": "recipient", "event_key": "updated"},
        "match_conditions": [{"operator": "and", "conditions": [is_word]}],
        "expires_after": {"unit": "seconds", "value": 8},
        "on_timeout": "continue",
    }
    step = {"type": "wait_for_event", "ref": "wait_1", "settings": settings}
    await stage.publish("greet", step, in_app_step(body=BODY))
    matched = stage.run_of("greet", await stage.trigger("greet", "ada"), "ada")
    expired = stage.run_of("greet", await stage.trigger("greet", "bob"), "bob")
    await stage.reach("paused", 2)
    for word in ("other", CANARY):
        await stage.knock.users.update("ada", extra_body={"word": word})
    return {"wait_matched": await closed(matched), "wait_expired": await closed(expired)}


async def delay_moved(stage: Stage) -> dict[str, Handle]:
    """An operator moves its end, then ends it."""
    await stage.publish("welcome", delay_step(), in_app_step(body=BODY))
    run = await stage.start("welcome")
    await stage.reach("paused")
    later = datetime.now(UTC) + timedelta(days=3)
    await stage.wake(later)
    await eventually(
        lambda: stage.rows("SELECT waiting_until FROM recipient_runs WHERE environment_id = %s"),
        until=lambda found: found[0]["waiting_until"] == later,
        seconds=PATIENCE_SECONDS,
    )
    await stage.wake()
    return {"delay_moved": await closed(run)}


async def delay_unresolved(stage: Stage) -> dict[str, Handle]:
    """The data should say until when, and does not."""
    until = step("delay", "delay_1", delay_until_field_path="data.never")
    await stage.publish("welcome", until, in_app_step(body=BODY))
    return {"delay_unresolved": await closed(await stage.start("welcome"))}


def waiting(**settings: Any) -> dict[str, Any]:
    is_word = {"variable": "event.properties.word", "operator": "equal_to", "argument": CANARY}
    return step(
        "wait_for_event",
        "wait_1",
        event={"event_type": "recipient", "event_key": "updated"},
        match_conditions=[{"operator": "and", "conditions": [is_word]}],
        **settings,
    )


async def wait_halted(stage: Stage) -> dict[str, Handle]:
    """Matched, and expired: either ends the run where the step says so."""
    await stage.publish("once", waiting(on_match="halt", expires_after=HOUR), in_app_step(body=BODY))
    soon = {"unit": "seconds", "value": 3}
    await stage.publish("late", waiting(on_timeout="halt", expires_after=soon), in_app_step(body=BODY))
    expired = await closed(await stage.start("late", "bob"))
    matched = await stage.start("once")
    await stage.reach("paused")
    await stage.knock.users.update("ada", extra_body={"word": CANARY})
    return {"wait_halted_by_a_match": await closed(matched), "wait_halted_by_time": expired}


async def wait_ended_early(stage: Stage) -> dict[str, Handle]:
    """By a cancel, and by an operator."""
    await stage.publish("once", waiting(expires_after=HOUR), in_app_step(body=BODY))
    cancelled = await stage.start("once", cancellation_key="stop")
    await stage.reach("paused")
    await stage.cancel("once", "stop")
    await closed(cancelled)
    woken = await stage.start("once")
    await stage.reach("paused")
    await stage.wake()
    return {"wait_cancelled": cancelled, "wait_woken": await closed(woken)}


async def wait_with_many_events(stage: Stage) -> dict[str, Handle]:
    """More events than one look judges have come when the run hears of them; the last of them matches."""
    paid = {"event_type": "integration_source", "event_key": "Paid", "integration_source_key": "shop"}
    is_word = {"variable": "event.word", "operator": "equal_to", "argument": CANARY}
    settings = {"event": paid, "match_conditions": [{"operator": "and", "conditions": [is_word]}]}
    await stage.publish("once", step("wait_for_event", "wait_1", **settings), in_app_step(body=BODY))
    run = await stage.start("once")
    await stage.reach("paused")
    topic = AwaitedEvent.model_validate(paid).topic
    async with stage.house.database.transaction() as connection:
        for word in ["other"] * LOOKED_AT_ONCE + [CANARY]:
            now = datetime.now(UTC)
            event = NewAwaitedEvent(stage.environment.id, topic, ADA, {"word": word}, now)
            assert await record_event(connection, event)
    await run.signal(names.LOOK)
    return {"wait_with_many_events": await closed(run)}


SCENES: list[tuple[Scene, tuple[str, ...]]] = [
    (delay_cancelled_by_key, ("delay_cancelled_by_key",)),
    (delay_cancelled_in_temporal, ("delay_cancelled_in_temporal",)),
    (delay_elapsed, ("delay_elapsed",)),
    (delay_moved, ("delay_moved",)),
    (delay_unresolved, ("delay_unresolved",)),
    (throttled, ("throttle_passed", "throttle_closed")),
    (waited, ("wait_matched", "wait_expired")),
    (wait_halted, ("wait_halted_by_a_match", "wait_halted_by_time")),
    (wait_ended_early, ("wait_cancelled", "wait_woken")),
    (wait_with_many_events, ("wait_with_many_events",)),
]
