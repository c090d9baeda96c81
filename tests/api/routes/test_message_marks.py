from typing import Any

import pytest
from fastapi import FastAPI
from knockapi import AsyncKnock

from models.database import Database
from tests.api.conftest import Client, client_of
from tests.api.rows import Rows
from tests.environments import TestEnvironment


async def events_of(client: Client, message_id: str) -> list[tuple[str, Any]]:
    """Oldest first."""
    items = (await client.found(f"/v1/messages/{message_id}/events"))["items"]
    return [(item["type"], item["data"]) for item in reversed(items)]


async def item_of(database: Database, message_id: str) -> Any:
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT * FROM feed_items WHERE message_id = %s", (message_id,))
        return await cursor.fetchone()


@pytest.mark.parametrize("status", ["seen", "read", "archived"])
@pytest.mark.rule("E-MSG-5", "E-MSG-11")
async def test_a_mark_reaches_message_feed_item_and_events_and_can_be_taken_back(
    client: Client, rows: Rows, status: str
) -> None:
    message_id = await rows.item()
    path = f"/v1/messages/{message_id}/{status}"
    marked = (await client.put(path)).json()
    assert marked["engagement_statuses"] == [status]
    assert marked[f"{status}_at"] == marked["updated_at"]
    item = await item_of(rows.database, message_id)
    assert item[f"{status}_at"].isoformat().replace("+00:00", "Z") == marked[f"{status}_at"]
    unmarked = (await client.delete(path)).json()
    assert (unmarked["engagement_statuses"], unmarked[f"{status}_at"]) == ([], None)
    assert (await item_of(rows.database, message_id))[f"{status}_at"] is None
    assert await events_of(client, message_id) == [(f"message.{status}", None), (f"message.un{status}", None)]


async def test_the_other_names_of_taking_back_are_understood(client: Client, rows: Rows) -> None:
    message_id = await rows.item()
    for status in ("seen", "read", "archived"):
        await client.put(f"/v1/messages/{message_id}/{status}")
        assert (await client.delete(f"/v1/messages/{message_id}/un{status}")).json()[f"{status}_at"] is None


@pytest.mark.rule("E-MSG-11")
async def test_marking_again_moves_the_time_and_tells_nobody(client: Client, rows: Rows) -> None:
    message_id = await rows.item()
    first = (await client.put(f"/v1/messages/{message_id}/seen")).json()["seen_at"]
    assert (await client.put(f"/v1/messages/{message_id}/seen")).json()["seen_at"] > first
    assert len(await events_of(client, message_id)) == 1


async def test_taking_back_what_was_not_marked_changes_nothing(client: Client, rows: Rows) -> None:
    message_id = await rows.item()
    before = (await client.found(f"/v1/messages/{message_id}"))["updated_at"]
    assert (await client.delete(f"/v1/messages/{message_id}/read")).json()["updated_at"] == before
    assert await events_of(client, message_id) == []


async def test_interacting_also_reads_and_is_told_every_time(
    sdk: AsyncKnock, client: Client, rows: Rows
) -> None:
    message_id = await rows.item()
    for name in ("a", "b"):
        message = await sdk.messages.mark_as_interacted(message_id, metadata={"name": name})
        assert set(message.engagement_statuses) == {"read", "interacted"}
        assert message.read_at == message.interacted_at
    told = await events_of(client, message_id)
    assert sorted(told, key=str) == [
        ("message.interacted", {"name": "a"}),
        ("message.interacted", {"name": "b"}),
        ("message.read", None),
    ]


@pytest.mark.rule("E-MSG-11")
async def test_un_interacting_has_no_event(client: Client, rows: Rows) -> None:
    message_id = await rows.item()
    await client.put(f"/v1/messages/{message_id}/interacted")
    unmarked = (await client.delete(f"/v1/messages/{message_id}/interacted")).json()
    assert unmarked["engagement_statuses"] == ["read"]
    assert "message.uninteracted" not in [event for event, _ in await events_of(client, message_id)]


@pytest.mark.rule("E-MSG-12")
async def test_reading_does_not_mark_as_seen(client: Client, rows: Rows) -> None:
    message_id = await rows.item()
    assert (await client.put(f"/v1/messages/{message_id}/read")).json()["seen_at"] is None


@pytest.mark.parametrize("metadata", [{"a": {"b": 1}}, {str(n): n for n in range(6)}])
@pytest.mark.rule("E-MSG-13", "E-LIMITS-40")
async def test_metadata_is_flat_and_small(client: Client, rows: Rows, metadata: Any) -> None:
    message_id = await rows.item()
    path = f"/v1/messages/{message_id}/interacted"
    told = await client.refused("PUT", path, json={"metadata": metadata})
    assert (told["status"], told["code"]) == (422, "invalid_params")
    assert told["errors"][0]["field"].startswith("metadata")


async def test_an_empty_json_body_is_no_body(client: Client, rows: Rows) -> None:
    message_id = await rows.item()
    answer = await client.put(f"/v1/messages/{message_id}/seen", headers={"content-type": "application/json"})
    assert answer.status_code == 200


async def test_the_sdk_marks_one_message_in_every_way(sdk: AsyncKnock, rows: Rows) -> None:
    message_id = await rows.message()
    messages = sdk.messages
    for call in (messages.mark_as_seen, messages.mark_as_read, messages.archive):
        await call(message_id)
    assert (await messages.get(message_id)).engagement_statuses == ["seen", "read", "archived"]
    for undo in (messages.mark_as_unseen, messages.mark_as_unread, messages.unarchive):
        await undo(message_id)
    assert (await messages.get(message_id)).engagement_statuses == []


async def test_the_sdk_marks_many_messages_in_every_way(sdk: AsyncKnock, rows: Rows) -> None:
    ids = [await rows.item(), await rows.message()]
    batch = sdk.messages.batch
    for call in (batch.mark_as_seen, batch.mark_as_read, batch.archive):
        marked = await call(message_ids=[*ids, "unknown", ids[0]])
        assert [message.id for message in marked] == ids
    interacted = await batch.mark_as_interacted(message_ids=ids, metadata={"type": "cell_click"})
    assert all(len(message.engagement_statuses) == 4 for message in interacted)
    for undo in (batch.mark_as_unseen, batch.mark_as_unread, batch.unarchive):
        await undo(message_ids=ids)
    assert (await sdk.messages.get(ids[1])).engagement_statuses == ["interacted"]


async def test_a_batch_tells_each_message_once(client: Client, rows: Rows) -> None:
    ids = [await rows.item(), await rows.item()]
    await client.post("/v1/messages/batch/seen", json={"message_ids": ids + ids})
    assert [await events_of(client, message_id) for message_id in ids] == [[("message.seen", None)]] * 2


async def test_a_bell_marks_with_the_public_key(
    app: FastAPI, rows: Rows, environment: TestEnvironment
) -> None:
    message_id = await rows.item()
    async with client_of(app, environment.public_key) as bell:
        answer = await bell.post("/v1/messages/batch/archived", json={"message_ids": [message_id]})
    assert [message["id"] for message in answer.json()] == [message_id]


async def test_a_mark_on_nothing_is_refused(client: Client) -> None:
    assert (await client.refused("PUT", "/v1/messages/nothing/seen"))["code"] == "resource_missing"
    assert (await client.refused("DELETE", "/v1/messages/nothing/unseen"))["code"] == "resource_missing"


async def test_a_mark_that_does_not_exist_is_no_endpoint(client: Client) -> None:
    told = await client.refused("PUT", "/v1/messages/m/loved")
    assert told["status"] == 404
    assert told["message"].startswith("There is no endpoint PUT /v1/messages/m/loved.")


async def test_a_batch_without_ids_says_what_is_missing(client: Client) -> None:
    told = await client.refused("POST", "/v1/messages/batch/seen", json={})
    assert told["errors"] == [{"field": "message_ids", "message": "is required", "type": "missing"}]


async def test_messages_of_another_environment_cannot_be_marked(
    app: FastAPI, database: Database, rows: Rows, stranger_key: str
) -> None:
    message_id = await rows.item()
    async with client_of(app, stranger_key) as other:
        assert (await other.post("/v1/messages/batch/seen", json={"message_ids": [message_id]})).json() == []
    assert (await item_of(database, message_id))["seen_at"] is None
