"""Send windows in virtual time: the message waits, its run does not."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import email_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.rules.test_deliveries import Mailing, mailing  # noqa: F401 - a fixture
from tests.virtual_time import VirtualTime
from workflows_engine.send_windows import WEEKDAYS


async def closed_now(virtual: VirtualTime) -> list[dict[str, Any]]:
    """Windows of one hour a day, the next of which opens in about half a day."""
    start = (await virtual.now() + timedelta(hours=12)).hour
    hours = {"from": f"{start:02}:00"} | ({"until": f"{start + 1:02}:00"} if start < 23 else {})
    return [{"day": day, "type": "send", **hours} for day in WEEKDAYS]


@pytest.mark.rule("E-CHANNEL-14", "E-RUN-5")
async def test_a_mail_waits_for_its_window_while_its_run_goes_on_and_ends(mailing: Mailing) -> None:  # noqa: F811
    virtual = mailing.virtual
    windows = await closed_now(virtual)
    await virtual.publish(
        mailing.environment, "hello", workflow(email_step(send_windows=windows), in_app_step())
    )
    await virtual.trigger(mailing.environment, "hello", cancellation_key="k")
    waiting = await mailing.message()
    assert (waiting["status"], waiting["attempts"]) == ("queued", 0)
    (run,) = await virtual.runs(mailing.environment)
    assert (run["outcome"], len(await virtual.messages(mailing.environment))) == ("finished", 2)

    # A cancel does not recall it (E-CHANNEL-15).
    await virtual.cancel(mailing.environment, "hello", "k")
    await virtual.pass_time(mailing.environment, timedelta(days=1))

    sent = await mailing.message()
    assert (sent["status"], sent["scheduled_at"]) == ("sent", waiting["scheduled_at"])
    last = (await mailing.events())[-1]
    assert last["type"] == "message.sent"
    assert timedelta(0) <= last["inserted_at"] - sent["scheduled_at"] < timedelta(minutes=1)


@pytest.mark.rule("E-CHANNEL-14", "E-CHANNEL-15")
async def test_a_feed_item_is_delivered_when_its_window_opens(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    step = in_app_step(send_windows=await closed_now(virtual))
    await virtual.publish(environment, "hello", workflow(step))
    await virtual.trigger(environment, "hello")
    (message,) = await virtual.messages(environment)
    assert message["status"] == "queued"
    await virtual.pass_time(environment, timedelta(days=1))
    (message,) = await virtual.messages(environment)
    assert message["status"] == "delivered"
