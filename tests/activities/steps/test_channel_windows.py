"""Channel steps: messages that wait for their windows, and what is known of earlier ones."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.delivery import Deliveries
from models.sealing import Sealer
from models.values.wall_time import zone_of
from tests.activities.steps.sending import Desk, office_hours, step
from tests.houses import SECRET
from tests.runs import NOON, rows
from workflows_engine.effects.delivery import DeliverAsk, Delivered

TOKEN = {"tokens": ["t1"]}


# --- send windows -----------------------------------------------------------------------------------------


@pytest.mark.rule("E-CHANNEL-13", "E-CHANNEL-14")
@pytest.mark.parametrize(
    ("device", "recipient", "account", "zone"),
    [
        ("Asia/Tokyo", "Europe/Berlin", "America/New_York", "Asia/Tokyo"),
        (None, "Europe/Berlin", "America/New_York", "Europe/Berlin"),
        ("Mars/Olympus", "Europe/Berlin", None, "Europe/Berlin"),
        (None, None, None, "Etc/UTC"),
    ],
)
async def test_the_window_is_in_the_zone_of_the_device_its_owner_or_nobody(
    desk: Desk, device: str | None, recipient: str | None, account: str | None, zone: str
) -> None:
    push = await desk.channel("push")
    await desk.address(push, {"devices": [{"token": "t1", "timezone": device}]})
    windows = office_hours("08:00", "08:30")
    (message,) = await desk.send(
        step("push", push, send_windows=windows), recipient={"id": "ada", "timezone": recipient}
    )
    local = message["scheduled_at"].astimezone(zone_of([zone]))
    assert (local.hour, local.minute) == (8, 0)
    assert timedelta(0) < message["scheduled_at"] - NOON <= timedelta(days=1)
    assert message["status"] == "queued"


@pytest.mark.rule("E-CHANNEL-8", "E-CHANNEL-13")
async def test_devices_in_different_zones_wait_for_different_times(desk: Desk) -> None:
    push = await desk.channel("push")
    devices = [{"token": "t1", "timezone": "Etc/UTC"}, {"token": "t2", "timezone": "Asia/Tokyo"}]
    await desk.address(push, {"devices": devices})
    run = await desk.run(step("push", push, send_windows=office_hours()))
    answer = await desk.perform(run)
    by_token = {message["content"]["token"]: message for message in await desk.messages(run)}
    assert answer.to_deliver == [by_token["t1"]["id"]]
    (waiting,) = answer.scheduled
    assert (waiting.message_id, waiting.due) == (by_token["t2"]["id"], by_token["t2"]["scheduled_at"])


@pytest.mark.rule("E-CHANNEL-14")
async def test_an_attempt_before_the_window_opens_is_not_made(desk: Desk, deliveries: Deliveries) -> None:
    push = await desk.channel("push")
    await desk.address(push, TOKEN)
    (message,) = await desk.send(step("push", push, send_windows=office_hours("13:00")))
    answer = await deliveries.deliver_message(attempt(desk, message, NOON))
    assert (answer.outcome, answer.due) == (Delivered.NOT_YET, message["scheduled_at"])
    assert (
        await rows(desk.database, "SELECT 1 FROM delivery_attempts WHERE message_id = %s", message["id"])
        == []
    )


@pytest.mark.rule("E-CHANNEL-14", "E-CHANNEL-15", "E-MSG-4")
async def test_a_feed_item_appears_when_its_window_opens_with_the_text_of_its_step(
    desk: Desk, deliveries: Deliveries
) -> None:
    feed = await desk.channel("in_app_feed")
    windows = office_hours("13:00")
    (message,) = await desk.send(step("in_app_feed", feed, send_windows=windows))
    shown = "SELECT blocks, inserted_at FROM feed_items WHERE message_id = %s"
    assert (message["status"], await rows(desk.database, shown, message["id"])) == ("queued", [])
    opens = message["scheduled_at"]
    for _ in range(2):
        answer = await deliveries.deliver_message(attempt(desk, message, opens))
        assert answer.outcome is Delivered.SENT
    (item,) = await rows(desk.database, shown, message["id"])
    assert item["blocks"][0]["content"] == "Hi"
    assert item["inserted_at"] == opens
    (row,) = await rows(desk.database, "SELECT status FROM messages WHERE id = %s", message["id"])
    assert row["status"] == "delivered"


@pytest.fixture
def deliveries(desk: Desk, temporal: Any) -> Deliveries:
    return Deliveries(desk.database, temporal, Sealer(SECRET))


def attempt(desk: Desk, message: dict[str, Any], now: datetime) -> DeliverAsk:
    return DeliverAsk(environment_id=desk.environment.id, message_id=message["id"], attempt=1, now=now)


# --- how earlier messages stand ---------------------------------------------------------------------------


def after(variable: str, operator: str, argument: str) -> dict[str, Any]:
    return {"all": [{"variable": f"refs.a.{variable}", "operator": operator, "argument": argument}]}


@pytest.mark.rule("E-COND-22", "E-COND-24", "E-COND-27")
async def test_a_step_is_judged_by_the_furthest_message_of_an_earlier_one(desk: Desk) -> None:
    push, feed = await desk.channel("push"), await desk.channel("in_app_feed")
    await desk.address(push, {"tokens": ["t1", "t2"]})
    sent = after("delivery_status", "greater_than_or_equal_to", "$message.sent")
    run = await desk.run(step("push", push), step("in_app_feed", feed, ref="b", conditions=sent))
    first, _ = (await desk.perform(run)).message_ids
    async with desk.database.transaction() as connection:
        await connection.execute("UPDATE messages SET status = 'sent' WHERE id = %s", (first,))
    assert (await desk.perform(run, "b")).message_ids


@pytest.mark.rule("E-COND-27")
async def test_a_message_that_is_still_queued_was_not_sent(desk: Desk) -> None:
    push, feed = await desk.channel("push"), await desk.channel("in_app_feed")
    await desk.address(push, TOKEN)
    sent = after("delivery_status", "greater_than_or_equal_to", "$message.sent")
    run = await desk.run(step("push", push), step("in_app_feed", feed, ref="b", conditions=sent))
    await desk.perform(run)
    assert (await desk.perform(run, "b")).message_ids == []


@pytest.mark.rule("E-COND-26")
async def test_a_step_that_was_skipped_is_skipped_for_conditions(desk: Desk) -> None:
    push, feed = await desk.channel("push"), await desk.channel("in_app_feed")
    skipped = after("delivery_status", "equal_to", "$message.skipped")
    run = await desk.run(step("push", push), step("in_app_feed", feed, ref="b", conditions=skipped))
    await desk.perform(run)
    assert (await desk.perform(run, "b")).message_ids


@pytest.mark.rule("E-COND-25")
async def test_a_message_whose_row_is_gone_fulfils_no_condition(desk: Desk) -> None:
    feed = await desk.channel("in_app_feed")
    unseen = after("engagement_status", "not_contains", "$message.seen")
    run = await desk.run(step("in_app_feed", feed), step("in_app_feed", feed, ref="b", conditions=unseen))
    (message_id,) = (await desk.perform(run)).message_ids
    async with desk.database.transaction() as connection:
        await connection.execute("DELETE FROM messages WHERE id = %s", (message_id,))
    assert (await desk.perform(run, "b")).message_ids == []


# --- guides -----------------------------------------------------------------------------------------------


@pytest.mark.rule("E-CHANNEL-19")
async def test_a_guides_step_puts_its_reader_into_the_guides_audience(desk: Desk) -> None:
    guide = await desk.channel("in_app_guide")
    base = {"type": "channel", "ref": "a", "channel_type": "in_app_guide", "channel_key": guide.key}
    for _ in range(2):
        await desk.send(base | {"guide_key": None})
        await desk.send(base | {"guide_key": "tour"}, tenant_id="acme")
    found = await rows(
        desk.database,
        "SELECT user_id, audience_key, tenant_id FROM audience_members WHERE environment_id = %s",
        desk.environment.id,
    )
    assert found == [{"user_id": "ada", "audience_key": "guide:tour", "tenant_id": "acme"}]
