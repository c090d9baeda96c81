import json
from decimal import Decimal
from typing import Any

import pytest
from knockapi import AsyncKnock

from models.ids import new_uuid
from models.tables.messages import NewEvent, insert_delivery_log, insert_events
from models.values.refs import RecipientRef
from tests.api.conftest import Client
from tests.api.rows import EMAIL, Rows
from tests.environments import TestEnvironment

PROJECT = RecipientRef(collection="projects", id="p1")


async def ids(client: Client, **params: Any) -> list[str]:
    return [item["id"] for item in (await client.found("/v1/messages", **params))["items"]]


async def test_the_sdk_pages_through_all_messages_newest_first(sdk: AsyncKnock, rows: Rows) -> None:
    written = [await rows.message() for _ in range(5)]
    page = await sdk.messages.list(page_size=2)
    assert [message.id async for message in page] == written[::-1]


async def test_a_message_is_what_knock_says_it_is(
    sdk: AsyncKnock, rows: Rows, environment: TestEnvironment
) -> None:
    run = await rows.run(PROJECT)
    message_id = await rows.message(
        PROJECT,
        run=run,
        actors=["bob", {"id": "p2", "collection": "projects"}],
        tenant_id="acme",
        data={"a": 1},
        workflow_categories=["news"],
        recipient_snapshot={"email": "p@example.com"},
    )
    await rows.change("messages", message_id, provider_reference="x1")
    message = await sdk.messages.get(message_id)
    assert message.to_dict() | {"inserted_at": 0, "updated_at": 0, "__cursor": 0, "channel": 0} == {
        "__typename": "Message",
        "__cursor": 0,
        "id": message_id,
        "status": "sent",
        "engagement_statuses": [],
        "channel": 0,
        "channel_id": str(environment.email_channel_id),
        "recipient": {"id": "p1", "collection": "projects"},
        "recipient_snapshot": {"email": "p@example.com"},
        "actors": ["bob", {"id": "p2", "collection": "projects"}],
        "tenant": "acme",
        "data": {"a": 1},
        "source": {
            "__typename": "NotificationSource",
            "type": "workflow",
            "key": "hello",
            "version_id": message.source.version_id,
            "categories": ["news"],
            "step_ref": "email_1",
            "workflow_run_id": str(run.trigger_id),
            "workflow_recipient_run_id": str(run.id),
        },
        "workflow": "hello",
        "metadata": {"external_id": "x1"},
        "scheduled_at": None,
        "seen_at": None,
        "read_at": None,
        "interacted_at": None,
        "clicked_at": None,
        "link_clicked_at": None,
        "archived_at": None,
        "inserted_at": 0,
        "updated_at": 0,
    }
    assert message.channel is not None
    assert (message.channel.type, message.channel.provider) == ("email", "email_smtp")


async def test_the_sdk_reads_both_kinds_of_content(sdk: AsyncKnock, rows: Rows) -> None:
    mail = await sdk.messages.get_content(await rows.message())
    assert mail.data.to_dict() == EMAIL
    item = await sdk.messages.get_content(await rows.item())
    assert item.data.api_typename == "MessageInAppFeedContent"


async def test_the_sdk_reads_events_newest_first(
    sdk: AsyncKnock, rows: Rows, environment: TestEnvironment
) -> None:
    message_id = await rows.message()
    failed = {"attempt": 1, "max_attempts": 8, "retryable": True}
    async with rows.database.connection() as connection:
        for event in (NewEvent("message.created"), NewEvent("message.delivery_attempted", failed)):
            await insert_events(connection, environment.id, message_id, [event], rows.tick())
    events = [event async for event in sdk.messages.list_events(message_id, page_size=1)]
    assert [(event.type, event.data, event.recipient) for event in events] == [
        ("message.delivery_attempted", failed, "ada"),
        ("message.created", None, "ada"),
    ]


async def test_the_sdk_reads_delivery_logs(sdk: AsyncKnock, rows: Rows, environment: TestEnvironment) -> None:
    message_id = await rows.message()
    entry = {
        "service_name": "smtp",
        "request": {"method": "POST", "host": "mail.example.com", "path": "/", "body": {}},
        "response": {"status": 250, "body": "OK"},
    }
    async with rows.database.connection() as connection:
        await insert_delivery_log(connection, environment.id, message_id, entry, rows.tick())
    logs = [log async for log in sdk.messages.list_delivery_logs(message_id)]
    assert [(log.service_name, log.response.status, log.environment_id) for log in logs] == [
        ("smtp", 250, str(environment.id))
    ]


async def test_an_unbatched_message_has_one_activity(sdk: AsyncKnock, rows: Rows) -> None:
    await rows.user("ada", name="Ada")
    run = await rows.run(
        "ada", data={"page": 1, "nested": {"a": 1}}, actor="bob", trigger_data={"page": 2, "own": True}
    )
    message_id = await rows.message("ada", run=run)
    (activity,) = [activity async for activity in sdk.messages.list_activities(message_id)]
    assert activity.id == run.activity_id
    assert activity.data == {"page": 2, "nested": {"a": 1}, "own": True}
    assert activity.recipient is not None
    assert activity.recipient.to_dict()["name"] == "Ada"


async def test_an_actor_who_was_never_identified_is_still_shown_in_full(client: Client, rows: Rows) -> None:
    message_id = await rows.message(run=await rows.run(actor="bob"))
    (activity,) = (await client.found(f"/v1/messages/{message_id}/activities"))["items"]
    assert activity["actor"]["__typename"] == "User"
    assert activity["actor"]["updated_at"] == activity["inserted_at"]


async def test_a_batched_message_has_the_activities_that_stayed_oldest_first(
    sdk: AsyncKnock, rows: Rows
) -> None:
    runs = [await rows.run(data={"number": number}) for number in range(5)]
    window_id = await rows.window(runs, left=(runs[2],))
    message_id = await rows.message(run=runs[0], window_id=window_id)
    activities = [activity async for activity in sdk.messages.list_activities(message_id, page_size=2)]
    assert [activity.id for activity in activities] == [runs[n].activity_id for n in (0, 1, 3, 4)]


async def test_activities_are_filtered_by_what_was_triggered(client: Client, rows: Rows) -> None:
    runs = [await rows.run(data={"number": number}, trigger_data={"own": "x"}) for number in range(3)]
    message_id = await rows.message(run=runs[0], window_id=await rows.window(runs))
    found = await client.found(
        f"/v1/messages/{message_id}/activities", trigger_data='{"number": 1, "own": "x"}'
    )
    assert [item["id"] for item in found["items"]] == [runs[1].activity_id]


@pytest.mark.parametrize("part", ["", "/content", "/events", "/activities", "/delivery_logs"])
async def test_a_message_that_is_not_here_is_missing(client: Client, part: str) -> None:
    told = await client.refused("GET", f"/v1/messages/nothing{part}")
    assert (told["status"], told["code"]) == (404, "resource_missing")


async def test_messages_are_filtered_by_their_own_fields(
    client: Client, rows: Rows, environment: TestEnvironment
) -> None:
    run = await rows.run("bob")
    wanted = await rows.message(
        "bob", run=run, status="bounced", workflow_key="news", workflow_categories=["a", "b"]
    )
    in_app = await rows.item()
    assert await ids(client, **{"status[]": "bounced"}) == [wanted]
    assert set(await ids(client, **{"status[]": ["bounced", "delivered"]})) == {wanted, in_app}
    assert await ids(client, status="nonsense") == []
    assert await ids(client, source="news") == [wanted]
    assert await ids(client, **{"workflow_categories[]": ["b", "c"]}) == [wanted]
    assert await ids(client, channel_id=str(environment.feed_channel_id)) == [in_app]
    assert await ids(client, workflow_run_id=str(run.trigger_id)) == [wanted]
    assert await ids(client, workflow_recipient_run_id=str(run.id)) == [wanted]
    assert await ids(client, **{"message_ids[]": [wanted, "string"]}) == [wanted]


async def test_an_id_that_is_no_id_finds_nothing(client: Client, rows: Rows) -> None:
    await rows.message()
    for name in ("channel_id", "workflow_run_id", "workflow_recipient_run_id"):
        assert await ids(client, **{name: "abc"}) == []
    assert await ids(client, workflow_run_id=str(new_uuid())) == []


async def test_a_tenant_also_finds_what_has_no_tenant(client: Client, rows: Rows) -> None:
    acme, _, without = [await rows.message(tenant_id=tenant) for tenant in ("acme", "globex", None)]
    assert await ids(client, tenant="acme") == [without, acme]


async def test_messages_are_filtered_by_when_they_came(client: Client, rows: Rows) -> None:
    first, second, third = [await rows.message() for _ in range(3)]
    times = {item["id"]: item["inserted_at"] for item in (await client.found("/v1/messages"))["items"]}
    assert await ids(client, **{"inserted_at.gt": times[second]}) == [third]
    assert await ids(client, **{"inserted_at[gte]": times[second]}) == [third, second]
    assert await ids(client, **{"inserted_at.lt": times[second]}) == [first]
    assert await ids(client, **{"inserted_at[lte]": times[second]}) == [second, first]


async def test_engagement_statuses_must_all_hold(client: Client, rows: Rows) -> None:
    seen, read, _ = [await rows.message() for _ in range(3)]
    await rows.change("messages", seen, seen_at=rows.now)
    await rows.change("messages", read, seen_at=rows.now, read_at=rows.now)
    assert await ids(client, **{"engagement_status[]": "seen"}) == [read, seen]
    assert await ids(client, **{"engagement_status[]": ["seen", "unread"]}) == [seen]
    assert await ids(client, engagement_status="nonsense") == []


@pytest.mark.parametrize(
    ("wanted", "is_found"),
    [
        ({"a": "x"}, True),
        ({"a": "y"}, False),
        ({"n": 1}, True),
        ({"n": 1.0}, True),
        ({"n": "1"}, False),
        ({"a": "x", "n": 1, "b": True, "z": None}, True),
        ({"missing": None}, False),
        ({"long": "l" * 300}, True),
        ({"long": "l" * 256}, True),
        ({"long": "l" * 255}, False),
        ({}, True),
    ],
)
async def test_trigger_data_is_compared_key_by_key(
    client: Client, rows: Rows, wanted: dict[str, Any], is_found: bool
) -> None:
    await rows.message(data={"a": "x", "n": 1, "b": True, "z": None, "long": "l" * 300, "deep": {"a": 1}})
    assert bool(await ids(client, trigger_data=json.dumps(wanted))) is is_found


NUMBERS = ["7", "-7", "0", "-0", "7.0", "7e0", "0.1", "123456789012345678901", "1.5e300"]


async def test_numbers_are_found_by_their_value_however_they_are_written(client: Client, rows: Rows) -> None:
    stored = [await rows.message() for _ in NUMBERS]
    async with rows.database.connection() as connection:
        for message_id, number in zip(stored, NUMBERS, strict=True):
            await connection.execute(
                "UPDATE messages SET data = %s WHERE id = %s", (f'{{"n": {number}}}', message_id)
            )
    for wanted in NUMBERS:
        equal = [
            message_id
            for message_id, number in zip(stored, NUMBERS, strict=True)
            if Decimal(number) == Decimal(wanted)
        ]
        assert await ids(client, trigger_data=f'{{"n": {wanted}}}') == equal[::-1], wanted


async def test_nested_trigger_data_is_refused(client: Client) -> None:
    told = await client.refused("GET", "/v1/messages", params={"trigger_data": '{"a": {"b": 1}}'})
    assert (told["status"], told["errors"][0]["field"]) == (422, "trigger_data")


@pytest.mark.rule("E-LIMITS-41")
async def test_more_than_fifty_message_ids_are_refused(client: Client) -> None:
    told = await client.refused("GET", "/v1/messages", params={"message_ids[]": ["m"] * 51})
    assert told["code"] == "invalid_params"


async def test_filters_that_cannot_be_read_do_not_filter(sdk: AsyncKnock, rows: Rows) -> None:
    message_id = await rows.message()
    page = await sdk.messages.list(
        after="after",
        before="before",
        page_size=0,
        inserted_at={"gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte"},
        trigger_data="trigger_data",
    )
    assert [message.id for message in page.items] == [message_id]


async def test_before_reads_what_is_newer_than_a_cursor(client: Client, rows: Rows) -> None:
    await rows.message()
    known = (await client.found("/v1/messages"))["items"][0]["__cursor"]
    assert (await client.found("/v1/messages", before=known))["items"] == []
    newer = [await rows.message() for _ in range(3)]
    found = await client.found("/v1/messages", before=known, page_size=2)
    # The next to the cursor come first, so that nothing is left out in between.
    assert [item["id"] for item in found["items"]] == [newer[1], newer[0]]
    rest = await client.found("/v1/messages", before=found["page_info"]["before"])
    assert [item["id"] for item in rest["items"]] == [newer[2]]
