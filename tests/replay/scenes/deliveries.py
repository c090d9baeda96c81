"""Scenes of messages on their way: tried again, given up, waiting for their window, several at once."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dispatch.starting import start_delivery
from models.sealing import Sealer
from tests.activities.steps.sending import Desk
from tests.builders import delay_step, email_step
from tests.environments import make_environment
from tests.every_step import DAYS
from tests.houses import SECRET, Mailbox
from tests.replay.stage import BODY, Handle, Scene, Stage, closed
from workflows_engine import names


def opening_in_half_a_day() -> list[dict[str, Any]]:
    start = (datetime.now(UTC) + timedelta(hours=12)).hour
    hours = {"from": f"{start:02}:00"} | ({"until": f"{start + 1:02}:00"} if start < 23 else {})
    return [{"day": day, "type": "send", **hours} for day in DAYS]


async def delivery_retried(stage: Stage) -> dict[str, Handle]:
    """Nobody listens on the port of the mail server until the first attempt has failed."""
    with tempfile.TemporaryDirectory() as folder:
        mailbox = Mailbox(Path(folder))
        environment = await make_environment(stage.house.database, Sealer(SECRET), mailbox.port)
        async with stage.house.knock(environment.secret_key) as knock:
            late = Stage(stage.house, environment, knock)
            await late.publish("mail", email_step(subject=BODY))
            run = await closed(await late.start("mail"))
            message = (await late.rows("SELECT id FROM messages WHERE environment_id = %s"))[0]
            await mailbox.open()
            delivery = await closed(late.handle(names.delivery_workflow(message["id"])))
            await mailbox.close()
    return {"email_handed_over": run, "delivery_retried": delivery}


async def message_scheduled(stage: Stage) -> dict[str, Handle]:
    """A mail whose send window opens in half a day: its run has ended."""
    windows = opening_in_half_a_day()
    await stage.publish("mail", email_step(subject=BODY, send_windows=windows))
    return {"message_scheduled": await closed(await stage.start("mail"))}


async def delivery_given_up(stage: Stage) -> dict[str, Handle]:
    """The channel lost its settings: no later attempt would do better."""
    await stage.publish("mail", email_step(subject=BODY))
    await stage.write("UPDATE channel_settings SET provider_settings = NULL WHERE environment_id = %s")
    return {"delivery_given_up": await closed(await stage.start("mail"))}


async def delivery_too_early(stage: Stage) -> dict[str, Handle]:
    """Its first workflow was terminated; the next one asks at once and is told to wait for the window."""
    await stage.publish("mail", email_step(subject=BODY, send_windows=opening_in_half_a_day()))
    await closed(await stage.start("mail"))
    (message,) = await stage.rows("SELECT id FROM messages WHERE environment_id = %s")
    await stage.handle(names.delivery_workflow(message["id"])).terminate("recorded on purpose")
    await stage.write(
        "UPDATE messages SET scheduled_at = now() + interval '6 seconds' WHERE environment_id = %s"
    )
    await start_delivery(
        stage.house.temporal, stage.environment.id, message["id"], 1, datetime.now(UTC), retries=1
    )
    return {"delivery_too_early": await closed(stage.handle(names.delivery_workflow(message["id"], 1)))}


async def cancelled_behind_a_message(stage: Stage) -> dict[str, Handle]:
    """The run is cancelled while its mail waits for its window; the mail is not recalled."""
    windows = opening_in_half_a_day()
    await stage.publish("mail", email_step(subject=BODY, send_windows=windows), delay_step())
    run = await stage.start("mail", cancellation_key="stop")
    await stage.reach("paused")
    await stage.cancel("mail", "stop")
    return {"cancelled_behind_a_message": await closed(run)}


async def group(stage: Stage) -> dict[str, Handle]:
    """One step, two channels of a group, two messages."""
    desk = Desk(stage.house.database, stage.environment)
    both = [(await desk.channel("email"), "always", None) for _ in range(2)]
    grouped = email_step(subject=BODY, channel_group_key=await desk.group("email", *both, operator="all"))
    del grouped["channel_key"]
    await stage.publish("mail", grouped)
    return {"channel_group": await closed(await stage.start("mail"))}


SCENES: list[tuple[Scene, tuple[str, ...]]] = [
    (delivery_retried, ("email_handed_over", "delivery_retried")),
    (delivery_given_up, ("delivery_given_up",)),
    (delivery_too_early, ("delivery_too_early",)),
    (message_scheduled, ("message_scheduled",)),
    (cancelled_behind_a_message, ("cancelled_behind_a_message",)),
    (group, ("channel_group",)),
]
