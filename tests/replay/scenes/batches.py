"""Scenes of batches whose members come, go and change places."""

from datetime import UTC, datetime
from typing import LiteralString

from dispatch.starting import ensure_maintenance
from models.tables.cancels import NewCancel, insert_cancel
from tests.builders import batch_step, delay_step, email_step, in_app_step
from tests.eventually import eventually
from tests.replay.stage import BODY, PATIENCE_SECONDS, Handle, Scene, Stage, closed


async def batch(stage: Stage) -> dict[str, Handle]:
    await stage.publish("comments", batch_step(seconds=6), in_app_step(body=BODY), email_step(subject=BODY))
    opener = await stage.start("comments")
    await stage.reach("paused")
    joiner = await stage.start("comments")
    await stage.start("comments")
    return {"batch_opener": await closed(opener), "absorbed_joiner": await closed(joiner)}


async def batch_left_by_its_opener(stage: Stage) -> dict[str, Handle]:
    await stage.publish("comments", batch_step(seconds=8), in_app_step(body=BODY))
    opener = await stage.start("comments", cancellation_key="first")
    await stage.reach("paused")
    await closed(await stage.start("comments", cancellation_key="second"))
    await stage.knock.workflows.cancel("comments", cancellation_key="first")
    return {"batch_left_by_its_opener": await closed(opener)}


async def batch_taken_over_by_a_joiner(stage: Stage) -> dict[str, Handle]:
    await stage.publish("comments", batch_step(seconds=8), in_app_step(body=BODY))
    opener = await stage.start("comments")
    await stage.reach("paused")
    await opener.terminate("recorded on purpose")
    return {"batch_taken_over_by_a_joiner": await closed(await stage.start("comments"))}


async def run_taken_up_again(stage: Stage) -> dict[str, Handle]:
    await stage.publish("comments", batch_step(seconds=10), in_app_step(body=BODY))
    opener = await stage.start("comments")
    await stage.reach("paused")
    joined = await stage.trigger("comments", "ada")
    await closed(stage.run_of("comments", joined, "ada"))
    await opener.terminate("recorded on purpose")
    return {"run_taken_up_again": await closed(stage.run_of("comments", joined, "ada", incarnation=1))}


async def batch_left_by_everybody(stage: Stage) -> dict[str, Handle]:
    """Its only activity leaves with its run; of another the joiner is gone too when it closes."""
    await stage.publish("comments", batch_step(seconds=60), in_app_step(body=BODY))
    alone = await stage.start("comments", cancellation_key="alone")
    await stage.reach("paused")
    await stage.cancel("comments", "alone")
    return {"batch_left_by_everybody": await closed(alone)}


async def batch_left_by_its_joiner(stage: Stage) -> dict[str, Handle]:
    """The opener leaves first and waits for the joiner, who leaves before an operator closes the window."""
    await stage.publish("comments", batch_step(seconds=600), in_app_step(body=BODY))
    opener = await stage.start("comments", cancellation_key="first")
    await stage.reach("paused")
    await closed(await stage.start("comments", cancellation_key="second"))
    await stage.cancel("comments", "first")
    await eventually(lambda: stage.rows(LEFT), seconds=PATIENCE_SECONDS)
    await stage.cancel("comments", "second")
    await stage.wake()
    return {"batch_left_by_its_joiner": await closed(opener)}


async def run_taken_up_in_the_middle(stage: Stage) -> dict[str, Handle]:
    """The step that it goes on with is not its first; the reconciler gives it the window."""
    await ensure_maintenance(stage.house.temporal)
    await stage.publish(
        "comments", in_app_step("before", body=BODY), batch_step(seconds=10), in_app_step(body=BODY)
    )
    opener = await stage.start("comments")
    await stage.reach("paused")
    joined = await stage.trigger("comments", "ada")
    await closed(stage.run_of("comments", joined))
    await opener.terminate("recorded on purpose")
    heir = await closed(stage.run_of("comments", joined, incarnation=1))
    return {"run_taken_up_in_the_middle": heir}


async def cancelled_after_its_batch(stage: Stage) -> dict[str, Handle]:
    """The opener's key was spent in the window and stops the run behind it all the same (E-CANCEL-8)."""
    await stage.publish("comments", batch_step(seconds=600), delay_step(), in_app_step(body=BODY))
    opener = await stage.start("comments", cancellation_key="first")
    await stage.reach("paused")
    await closed(await stage.start("comments"))
    await stage.cancel("comments", "first")
    await eventually(lambda: stage.rows(LEFT), seconds=PATIENCE_SECONDS)
    await stage.wake()
    await eventually(lambda: stage.rows(DELAYED), seconds=PATIENCE_SECONDS)
    await stage.cancel("comments", "first")
    return {"cancelled_after_its_batch": await closed(opener)}


async def cancel_found_at_the_close(stage: Stage) -> dict[str, Handle]:
    """The opener was cancelled, and heard nothing of it before an operator closed the window."""
    await stage.publish("comments", batch_step(seconds=600), in_app_step(body=BODY))
    opener = await stage.start("comments", cancellation_key="first")
    await stage.reach("paused")
    await closed(await stage.start("comments"))
    async with stage.house.database.transaction() as connection:
        cancel = NewCancel(stage.environment.id, "comments", "first", gids=None, api_key_id=None)
        await insert_cancel(connection, cancel, datetime.now(UTC))
    await stage.wake()
    return {"cancel_found_at_the_close": await closed(opener)}


LEFT: LiteralString = "SELECT id FROM run_events WHERE environment_id = %s AND event = 'batch_left'"
DELAYED: LiteralString = "SELECT id FROM run_events WHERE environment_id = %s AND event = 'delay_started'"

SCENES: list[tuple[Scene, tuple[str, ...]]] = [
    (batch, ("batch_opener", "absorbed_joiner")),
    (batch_left_by_its_opener, ("batch_left_by_its_opener",)),
    (batch_left_by_everybody, ("batch_left_by_everybody",)),
    (batch_left_by_its_joiner, ("batch_left_by_its_joiner",)),
    (batch_taken_over_by_a_joiner, ("batch_taken_over_by_a_joiner",)),
    (run_taken_up_again, ("run_taken_up_again",)),
    (run_taken_up_in_the_middle, ("run_taken_up_in_the_middle",)),
    (cancelled_after_its_batch, ("cancelled_after_its_batch",)),
    (cancel_found_at_the_close, ("cancel_found_at_the_close",)),
]
