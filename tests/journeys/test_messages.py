"""Messages as an application meets them: sent to every device, listed, given up, sent again."""

import httpx
from knockapi import AsyncKnock

from tests.activities.steps.sending import Desk, step
from tests.builders import workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import PATIENCE_SECONDS, eventually
from tests.houses import House


async def test_a_push_reaches_every_device_through_a_group_and_can_be_sent_again(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    desk = Desk(house.database, environment)
    push, other = await desk.channel("push"), await desk.channel("push")
    key = await desk.group("push", (push, "always", None), (other, "always", None), operator="any")
    await knock.users.update("ada", name="Ada")
    await knock.users.set_channel_data("ada", str(push.id), data={"tokens": ["t1", "t2"]})
    await publish(house.database, environment, "greet", workflow(step("push", channel_group_key=key)))

    await knock.workflows.trigger("greet", recipients=["ada"])

    async def statuses() -> list[str]:
        page = await knock.users.list_messages("ada")
        return [message.status async for message in page]

    # No provider of pushes is built: what matters here is that there are two, and that they end.
    await eventually(statuses, until=lambda seen: seen == ["undelivered", "undelivered"])
    page = await knock.users.list_messages("ada")
    ids = [message.id async for message in page]
    contents = await knock.messages.batch.get_content(message_ids=ids)
    assert {token for one in contents for token in ("t1", "t2") if token in one.to_json()} == {"t1", "t2"}

    headers = {"authorization": f"Bearer {environment.secret_key}"}
    async with httpx.AsyncClient(base_url=house.url, headers=headers, timeout=PATIENCE_SECONDS) as http:
        answer = await http.post(f"/v1/tocsin/messages/{ids[0]}/retry")
        assert (answer.status_code, answer.json()["status"]) == (200, "queued")

        async def endings() -> int:
            events = await knock.messages.list_events(ids[0])
            return len([event async for event in events if event.type == "message.undelivered"])

        await eventually(endings, until=lambda count: count == 2)
        await knock.messages.mark_as_read(ids[1])
        assert (await http.post("/v1/tocsin/messages/nobody/retry")).status_code == 404


async def test_what_was_delivered_is_not_sent_again(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    desk = Desk(house.database, environment)
    feed = await desk.channel("in_app_feed")
    await publish(house.database, environment, "greet", workflow(step("in_app_feed", feed)))
    await knock.workflows.trigger("greet", recipients=[{"id": "ada"}])

    async def listed() -> list[str]:
        page = await knock.users.list_messages("ada")
        return [message.id async for message in page]

    (message_id,) = await eventually(listed)
    headers = {"authorization": f"Bearer {environment.secret_key}"}
    async with httpx.AsyncClient(base_url=house.url, headers=headers, timeout=PATIENCE_SECONDS) as http:
        answer = await http.post(f"/v1/tocsin/messages/{message_id}/retry")
    assert answer.status_code == 409
    assert "this one is delivered" in answer.json()["message"]
