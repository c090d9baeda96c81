"""Scenes of batch windows: they slide, fill up, flush, follow the latest version, are moved by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.builders import batch_step, delay_step, in_app_step
from tests.eventually import eventually
from tests.replay.stage import BODY, IS_OTHER, PATIENCE_SECONDS, Handle, Scene, Stage, closed


def seconds(value: int) -> dict[str, Any]:
    return {"unit": "seconds", "value": value}


async def sliding(stage: Stage) -> dict[str, Handle]:
    """A joiner moves the end: at its timer the opener hears of a later close."""
    slides: dict[str, Any] = {"batch_window_type": "sliding", "batch_window_extension_limit": seconds(60)}
    await stage.publish("comments", batch_step(seconds=15, **slides), in_app_step(body=BODY))
    opener = await stage.start("comments")
    await stage.reach("paused")
    joiner = await stage.start("comments")
    return {"batch_slid": await closed(opener), "batch_slid_by_a_joiner": await closed(joiner)}


async def full(stage: Stage) -> dict[str, Handle]:
    """The second item fills the window and tells its owner to hurry."""
    await stage.publish("comments", batch_step(seconds=600, batch_items_max_limit=2), in_app_step(body=BODY))
    opener = await stage.start("comments")
    await stage.reach("paused")
    joiner = await stage.start("comments")
    return {"batch_filled": await closed(opener), "batch_filled_by_a_joiner": await closed(joiner)}


async def leading(stage: Stage) -> dict[str, Handle]:
    """The first item is flushed and goes on at once; the second holds the window."""
    flush = batch_step(seconds=8, batch_execution_mode="flush_leading")
    await stage.publish("comments", flush, in_app_step(body=BODY))
    leader = await closed(await stage.start("comments"))
    return {"batch_leader": leader, "batch_behind_a_leader": await closed(await stage.start("comments"))}


async def latest(stage: Stage) -> dict[str, Handle]:
    """While it gathers, a version with another step behind it is published; the run goes on with that."""
    follows = batch_step(seconds=8, workflow_version_mode="latest")
    await stage.publish("comments", follows, in_app_step(body=BODY))
    run = await stage.start("comments")
    await stage.reach("paused")
    await stage.publish("comments", follows, delay_step(unit="seconds"), in_app_step(body=BODY))
    return {"batch_switched_version": await closed(run)}


async def unresolved(stage: Stage) -> dict[str, Handle]:
    """A window that the data should tell of and does not, a key that fails, conditions that do not hold."""
    until: dict[str, Any] = {"batch_window": None, "batch_until_field_path": "data.never"}
    await stage.publish("comments", batch_step(**until), in_app_step(body=BODY))
    unbatched = await closed(await stage.start("comments"))
    await stage.publish("replies", batch_step() | {"conditions": IS_OTHER}, in_app_step(body=BODY))
    return {"batch_unresolved": unbatched, "batch_skipped": await closed(await stage.start("replies"))}


async def closed_by_an_operator(stage: Stage) -> dict[str, Handle]:
    """Moved to a later end, and then closed at once."""
    await stage.publish("comments", batch_step(seconds=600), in_app_step(body=BODY))
    run = await stage.start("comments")
    await stage.reach("paused")
    later = datetime.now(UTC) + timedelta(hours=1)
    await stage.wake(later)
    await eventually(
        lambda: stage.rows("SELECT waiting_until FROM recipient_runs WHERE environment_id = %s"),
        until=lambda found: found[0]["waiting_until"] == later,
        seconds=PATIENCE_SECONDS,
    )
    await stage.wake()
    return {"batch_closed_by_an_operator": await closed(run)}


SCENES: list[tuple[Scene, tuple[str, ...]]] = [
    (sliding, ("batch_slid", "batch_slid_by_a_joiner")),
    (full, ("batch_filled", "batch_filled_by_a_joiner")),
    (leading, ("batch_leader", "batch_behind_a_leader")),
    (latest, ("batch_switched_version",)),
    (unresolved, ("batch_unresolved", "batch_skipped")),
    (closed_by_an_operator, ("batch_closed_by_an_operator",)),
]
