"""Lists of messages below their recipients, many contents at once, retention, and limits of batches."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from knockapi import AsyncKnock

from models.values.refs import RecipientRef
from models.values.retention import RETENTION
from tests.api.conftest import Client
from tests.api.rows import EMAIL, Rows

PROJECT = RecipientRef(collection="projects", id="p1")
LIMITED = "x-ratelimited-message_ids"


@pytest.mark.rule("E-MSG-14")
async def test_a_users_messages_are_theirs_alone_and_can_be_filtered(sdk: AsyncKnock, rows: Rows) -> None:
    mine = [await rows.message("ada", tenant_id=tenant) for tenant in ("acme", "other")]
    await rows.message("bob")
    await rows.message(RecipientRef(collection="projects", id="ada"))
    page = await sdk.users.list_messages("ada", page_size=1)
    assert [message.id async for message in page] == mine[::-1]
    page = await sdk.users.list_messages("ada", tenant="acme")
    assert [message.id async for message in page] == mine[:1]


@pytest.mark.rule("E-MSG-14")
async def test_an_objects_messages_are_its_alone(sdk: AsyncKnock, rows: Rows) -> None:
    mine = await rows.message(PROJECT)
    await rows.message(RecipientRef(collection="teams", id="p1"))
    await rows.message("p1")
    page = await sdk.objects.list_messages(id="p1", collection="projects")
    assert [message.id async for message in page] == [mine]


@pytest.mark.rule("E-MSG-14")
async def test_many_contents_come_in_the_order_they_were_named(sdk: AsyncKnock, rows: Rows) -> None:
    first, second = await rows.message(), await rows.message()
    found = await sdk.messages.batch.get_content(message_ids=[second, "nobody", first])
    assert [one.message_id for one in found] == [second, first]
    assert found[0].to_dict()["data"] == EMAIL


@pytest.mark.rule("E-LIMITS-41")
@pytest.mark.parametrize(
    ("params", "field"), [({}, "message_ids"), ({"message_ids[]": ["m"] * 26}, "message_ids")]
)
async def test_contents_are_asked_for_by_up_to_25_ids(
    client: Client, params: dict[str, Any], field: str
) -> None:
    refused = await client.refused("GET", "/v1/messages/batch/content", params=params)
    assert refused["status"] == 422
    assert refused["errors"][0]["field"] == field


@pytest.mark.rule("E-MSG-15", "E-LIMITS-46")
@pytest.mark.parametrize("below", ["", "/content", "/events", "/activities", "/delivery_logs"])
async def test_what_is_past_retention_is_not_found(client: Client, rows: Rows, below: str) -> None:
    message_id = await rows.message()
    await rows.change(
        "messages", message_id, inserted_at=datetime.now(UTC) - RETENTION - timedelta(minutes=1)
    )
    assert (await client.refused("GET", f"/v1/messages/{message_id}{below}"))["status"] == 404


@pytest.mark.rule("E-MSG-15")
async def test_lists_leave_out_what_is_past_retention(client: Client, rows: Rows) -> None:
    old, kept = await rows.message(), await rows.message()
    await rows.change("messages", old, inserted_at=datetime.now(UTC) - RETENTION - timedelta(minutes=1))
    for path in ("/v1/messages", "/v1/users/ada/messages"):
        assert [item["id"] for item in (await client.found(path))["items"]] == [kept]
    contents = await client.found("/v1/messages/batch/content", **{"message_ids[]": [old, kept]})
    assert [one["message_id"] for one in contents] == [kept]


@pytest.mark.rule("E-MSG-15")
async def test_feed_items_work_on_past_retention(client: Client, rows: Rows) -> None:
    message_id = await rows.item()
    await rows.change(
        "messages", message_id, inserted_at=datetime.now(UTC) - RETENTION - timedelta(minutes=1)
    )
    answer = await client.put(f"/v1/messages/{message_id}/read")
    assert answer.status_code == 200
    assert answer.json()["read_at"] is not None


@pytest.mark.rule("E-MSG-13", "E-LIMITS-45")
async def test_the_same_status_twice_within_a_second_is_passed_over_and_named(
    client: Client, rows: Rows
) -> None:
    first, second = await rows.message(), await rows.message()
    path = "/v1/messages/batch/read"
    answer = await client.post(path, json={"message_ids": [first]})
    assert LIMITED not in answer.headers
    read_at = answer.json()[0]["read_at"]
    answer = await client.post(path, json={"message_ids": [first, second]})
    assert answer.headers[LIMITED] == first
    stamps = {one["id"]: one["read_at"] for one in answer.json()}
    assert stamps[first] == read_at
    assert stamps[second] is not None


@pytest.mark.rule("E-MSG-13")
async def test_another_status_of_the_same_message_is_not_limited(client: Client, rows: Rows) -> None:
    message_id = await rows.message()
    for status in ("seen", "read", "unread", "archived"):
        answer = await client.post(f"/v1/messages/batch/{status}", json={"message_ids": [message_id]})
        assert LIMITED not in answer.headers
    answer = await client.post("/v1/messages/batch/unread", json={"message_ids": [message_id]})
    assert answer.headers[LIMITED] == message_id


@pytest.mark.rule("E-MSG-13")
async def test_what_was_marked_before_the_clock_stepped_back_may_be_marked_again(
    client: Client, rows: Rows
) -> None:
    message_id = await rows.message()
    later = datetime.now(UTC) + timedelta(hours=1)
    await rows.change("messages", message_id, seen_at=later)
    answer = await client.post("/v1/messages/batch/seen", json={"message_ids": [message_id]})
    assert LIMITED not in answer.headers
    assert datetime.fromisoformat(answer.json()[0]["seen_at"]) < later


@pytest.mark.rule("E-MSG-13")
async def test_a_second_later_the_status_is_set_again(client: Client, rows: Rows) -> None:
    message_id = await rows.message()
    earlier = datetime.now(UTC) - timedelta(seconds=2)
    await rows.change("messages", message_id, seen_at=earlier)
    answer = await client.post("/v1/messages/batch/seen", json={"message_ids": [message_id]})
    assert LIMITED not in answer.headers
    assert datetime.fromisoformat(answer.json()[0]["seen_at"]) > earlier + timedelta(seconds=1)
