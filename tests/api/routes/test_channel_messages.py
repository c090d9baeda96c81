"""Marking and deleting many messages of a channel at once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from knockapi import AsyncKnock
from temporalio.client import Client as TemporalClient
from temporalio.client import Interceptor, OutboundInterceptor, SignalWorkflowInput

from api.app import create_app
from api.settings import ApiSettings
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.waits import EventWait, open_wait
from models.values.refs import RecipientRef
from models.values.retention import RETENTION
from models.values.topics import message_topic
from tests.api.conftest import Client, client_of
from tests.api.rows import START, Rows
from tests.environments import TestEnvironment


async def changed(
    client: Client, place: TestEnvironment, body: dict[str, Any], channel: UUID | None = None
) -> int:
    """How many messages were archived by a call with this body."""
    path = f"/v1/channels/{channel or place.email_channel_id}/messages/bulk/archive"
    answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    count: int = answer.json()["success_count"]
    return count


async def archived(client: Client) -> set[str]:
    found = await client.found("/v1/messages", **{"engagement_status[]": "archived"})
    return {item["id"] for item in found["items"]}


async def test_the_sdk_hears_of_an_operation_that_is_done(
    sdk: AsyncKnock, rows: Rows, environment: TestEnvironment
) -> None:
    for _ in range(3):
        await rows.message()
    done = await sdk.channels.bulk.update_message_status(str(environment.email_channel_id), action="read")
    assert (done.status, done.estimated_total_rows, done.success_count) == ("completed", 3, 3)
    assert (await sdk.bulk_operations.get(done.id)).processed_rows == 3


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"recipient_ids": ["bob"]}, {"recipient": "bob"}),
        ({"user_ids": ["bob"]}, {"recipient": "bob"}),
        ({"tenants": ["acme"]}, {"tenant_id": "acme"}),
        ({"has_tenant": True}, {"tenant_id": "acme"}),
        ({"workflows": ["other"]}, {"workflow_key": "other"}),
        ({"delivery_status": "bounced"}, {"status": "bounced"}),
        ({"engagement_status": "read"}, {"read_at": START}),
        ({"trigger_data": '{"a": 1}'}, {"data": {"a": 1}}),
        ({"older_than": (START - timedelta(days=1)).isoformat()}, {"inserted_at": START - timedelta(days=2)}),
        (
            {"newer_than": (START + timedelta(hours=12)).isoformat()},
            {"inserted_at": START + timedelta(days=1)},
        ),
        ({"archived": "only"}, {"archived_at": START}),
    ],
)
async def test_a_filter_narrows(
    client: Client, rows: Rows, environment: TestEnvironment, body: dict[str, Any], fields: dict[str, Any]
) -> None:
    await rows.message()
    stamps = {name: fields.pop(name) for name in ("read_at", "archived_at") if name in fields}
    meant = await rows.message(fields.pop("recipient", "ada"), **fields)
    if stamps:
        await rows.change("messages", meant, **stamps)
    assert await changed(client, environment, body) == 1
    assert await archived(client) == {meant}


@pytest.mark.parametrize("body", [{}, {"older_than": "", "archived": "include"}])
async def test_without_a_filter_all_messages_of_the_channel_are_meant(
    client: Client, rows: Rows, environment: TestEnvironment, body: dict[str, Any]
) -> None:
    mails = {await rows.message(), await rows.message("bob")}
    await rows.item()
    assert await changed(client, environment, body) == 2
    assert await archived(client) == mails


async def test_recipients_are_users_and_never_objects_of_the_same_id(
    client: Client, rows: Rows, environment: TestEnvironment
) -> None:
    await rows.message(RecipientRef(collection="projects", id="bob"))
    meant = await rows.message("bob")
    assert await changed(client, environment, {"recipient_ids": ["bob"]}) == 1
    assert await archived(client) == {meant}


@pytest.mark.parametrize("name", ["recipient_ids", "user_ids", "tenants", "workflows"])
async def test_an_empty_list_means_no_message(
    client: Client, rows: Rows, environment: TestEnvironment, name: str
) -> None:
    await rows.message(tenant_id="acme")
    assert await changed(client, environment, {name: []}) == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"older_than": "", "archived": "include", "trigger_data": "{}"}, "body"),
        ({"recipient_ids": ["ada"], "trigger_data": "{bad"}, "trigger_data"),
        ({"recipient_ids": ["ada"], "trigger_data": "[]"}, "trigger_data"),
        ({"tenants": ["acme"], "workflow": ["hello"]}, "workflow"),
    ],
)
async def test_a_delete_that_would_take_more_than_was_meant_is_refused(
    client: Client, rows: Rows, environment: TestEnvironment, body: dict[str, Any], field: str
) -> None:
    message_id = await rows.message(tenant_id="acme")
    path = f"/v1/channels/{environment.email_channel_id}/messages/bulk/delete"
    told = await client.refused("POST", path, json=body)
    assert (told["status"], told["errors"][0]["field"]) == (422, field)
    assert (await client.found(f"/v1/messages/{message_id}"))["id"] == message_id


async def test_what_was_archived_can_be_left_out(
    client: Client, rows: Rows, environment: TestEnvironment
) -> None:
    await rows.message()
    old = await rows.message()
    await rows.change("messages", old, archived_at=START)
    assert await changed(client, environment, {"archived": "exclude"}) == 1


@pytest.mark.parametrize(
    ("action", "field", "is_set"),
    [
        ("seen", "seen_at", True),
        ("unseen", "seen_at", False),
        ("read", "read_at", True),
        ("unread", "read_at", False),
        ("archived", "archived_at", True),
        ("unarchived", "archived_at", False),
        ("unarchive", "archived_at", False),
        ("interacted", "interacted_at", True),
    ],
)
async def test_every_action_does_what_it_says(
    client: Client, rows: Rows, environment: TestEnvironment, action: str, field: str, is_set: bool
) -> None:
    message_id = await rows.message()
    if not is_set:
        await rows.change("messages", message_id, **{field: START})
    path = f"/v1/channels/{environment.email_channel_id}/messages/bulk/{action}"
    assert (await client.post(path)).status_code == 200
    found = await client.found(f"/v1/messages/{message_id}")
    assert (found[field] is not None) is is_set


class Heard(Interceptor):
    """Keeps which workflows were told to look, in place of a Temporal server."""

    def __init__(self) -> None:
        self.workflow_ids: list[str] = []

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        heard = self.workflow_ids

        class Keeping(OutboundInterceptor):
            async def signal_workflow(self, input: SignalWorkflowInput) -> None:
                heard.append(input.id)

        return Keeping(next)


async def test_a_run_that_waits_for_a_mark_is_told_of_marks_in_bulk(
    settings: ApiSettings, database: Database, rows: Rows, environment: TestEnvironment
) -> None:
    await rows.message()
    run = await rows.run()
    topic = message_topic("workflow", "hello", "archived")
    wait = EventWait(
        recipient_run_id=run.id,
        step_ref="wait_1",
        environment_id=environment.id,
        topic=topic,
        recipient=RecipientRef(id="ada").gid,
        since=START,
        expires_at=START + timedelta(days=7),
        checked_at=START,
        seen=[],
    )
    async with database.transaction() as connection:
        await open_wait(connection, wait)
    heard = Heard()
    temporal = Temporal(await TemporalClient.connect("127.0.0.1:1", lazy=True, interceptors=[heard]))
    app = create_app(settings, database=database, temporal=temporal)

    async with client_of(app, environment.secret_key) as client:
        assert await changed(client, environment, {}) == 1

    assert [workflow_id.endswith(str(run.id)) for workflow_id in heard.workflow_ids] == [True]


async def test_deleted_messages_are_gone_from_lists_and_feeds(
    client: Client, rows: Rows, environment: TestEnvironment
) -> None:
    message_id = await rows.item("ada")
    kept = await rows.item("bob")
    path = f"/v1/channels/{environment.feed_channel_id}/messages/bulk/delete"
    assert (await client.post(path, json={"recipient_ids": ["ada"]})).json()["success_count"] == 1
    assert (await client.refused("GET", f"/v1/messages/{message_id}"))["status"] == 404
    feed = await client.found(f"/v1/users/ada/feeds/{environment.feed_channel_id}")
    assert feed["entries"] == []
    assert (await client.found(f"/v1/messages/{kept}"))["id"] == kept


@pytest.mark.rule("E-MSG-15")
async def test_only_in_app_messages_can_be_changed_past_retention(
    client: Client, rows: Rows, environment: TestEnvironment
) -> None:
    mail, item = await rows.message(), await rows.item()
    old = datetime.now(UTC) - RETENTION - timedelta(days=1)
    for message_id in (mail, item):
        await rows.change("messages", message_id, inserted_at=old)
    assert await changed(client, environment, {}) == 0
    assert await changed(client, environment, {}, environment.feed_channel_id) == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("email/messages/bulk/read", {}, 422),
        ("{id}/messages/bulk/forgotten", {}, 404),
        ("{id}/messages/bulk/read", {"archived": "perhaps"}, 422),
        ("{id}/messages/bulk/read", {"trigger_data": '{"a": {"b": 1}}'}, 422),
    ],
)
async def test_what_makes_no_sense_is_refused(
    client: Client, environment: TestEnvironment, path: str, body: dict[str, Any], status: int
) -> None:
    where = path.format(id=environment.email_channel_id)
    assert (await client.refused("POST", f"/v1/channels/{where}", json=body))["status"] == status
