"""Channel data over HTTP: set by itself, and inline with whoever is identified."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from knockapi import AsyncKnock, NotFoundError

from models.database import Database
from models.tables.channel_data import find_channel_data
from models.values.refs import RecipientRef
from tests.api.conftest import Client, client_of
from tests.environments import TestEnvironment
from tests.runs import NOON

USER = "/v1/users/ada/channel_data"
OBJECT = "/v1/objects/projects/p1/channel_data"
TOKENS = {"tokens": ["t"]}
FULL = {"tokens": ["t"], "devices": [{"token": "t", "locale": None, "timezone": None}]}

everybody = pytest.mark.parametrize("path", [USER, OBJECT])


async def channel(database: Database, channel_type: str, provider: str) -> UUID:
    channel_id = uuid4()
    async with database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO channels (id, key, name, type, provider, inserted_at, updated_at)
            VALUES (%s, %s, 'one', %s, %s, %s, %s)
            """,
            (channel_id, str(channel_id), channel_type, provider, NOON, NOON),
        )
    return channel_id


@pytest.fixture
async def push(database: Database) -> UUID:
    return await channel(database, "push", "push_fcm")


@pytest.fixture
async def chat(database: Database) -> UUID:
    return await channel(database, "chat", "chat_slack")


@pytest.fixture
async def browser(app: FastAPI, environment: TestEnvironment) -> AsyncIterator[Client]:
    async with client_of(app, environment.public_key) as browser:
        yield browser


async def test_the_sdk_sets_reads_and_unsets_tokens_of_a_user(sdk: AsyncKnock, push: UUID) -> None:
    made = await sdk.users.set_channel_data("ada", channel_id=str(push), data={"tokens": ["t"]})
    assert (made.channel_id, made.provider, made.data.model_dump()) == (str(push), "push_fcm", FULL)
    read = await sdk.users.get_channel_data("ada", channel_id=str(push))
    assert read.data.model_dump() == FULL
    # Who was not known before is created by it.
    assert (await sdk.users.get("ada")).id == "ada"

    await sdk.users.unset_channel_data("ada", channel_id=str(push))

    with pytest.raises(NotFoundError):
        await sdk.users.get_channel_data("ada", channel_id=str(push))
    with pytest.raises(NotFoundError):
        await sdk.users.unset_channel_data("ada", channel_id=str(push))


async def test_the_sdk_sets_reads_and_unsets_connections_of_an_object(sdk: AsyncKnock, chat: UUID) -> None:
    data: Any = {"connections": [{"access_token": "xoxb", "channel_id": "C1"}]}
    place: dict[str, Any] = {"collection": "projects", "object_id": "p1", "channel_id": str(chat)}
    await sdk.objects.set_channel_data(**place, data=data)
    read = await sdk.objects.get_channel_data(**place)
    assert read.to_dict()["data"] == data

    await sdk.objects.unset_channel_data(**place)

    with pytest.raises(NotFoundError):
        await sdk.objects.get_channel_data(**place)


@everybody
async def test_a_later_write_replaces_the_data_of_its_channel_alone(
    client: Client, push: UUID, chat: UUID, path: str
) -> None:
    await client.put(f"{path}/{push}", json={"data": {"tokens": ["old"]}})
    await client.put(f"{path}/{chat}", json={"data": {"token": {"access_token": "x"}}})
    await client.put(f"{path}/{push}", json={"data": TOKENS})
    assert (await client.found(f"{path}/{push}"))["data"] == FULL
    # A chat channel always shows connections.
    assert (await client.found(f"{path}/{chat}"))["data"] == {
        "connections": [],
        "token": {"access_token": "x"},
    }


@everybody
@pytest.mark.parametrize(
    ("data", "field"),
    [
        (None, "data"),
        ([], "data"),
        ({}, "data"),
        ({"connections": []}, "data"),
        ({"tokens": [7]}, "data.tokens[0]"),
    ],
)
async def test_data_that_a_push_channel_cannot_use_is_refused(
    client: Client, push: UUID, path: str, data: Any, field: str
) -> None:
    told = await client.refused("PUT", f"{path}/{push}", json={"data": data})
    assert (told["status"], told["errors"][0]["field"]) == (422, field)
    assert (await client.get(f"{path}/{push}")).status_code == 404


@everybody
@pytest.mark.parametrize("channel_id", ["no-uuid", "00000000-0000-4000-8000-00000000dead"])
async def test_a_channel_that_does_not_exist_is_missing(client: Client, path: str, channel_id: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        told = await client.refused(method, f"{path}/{channel_id}", json={"data": TOKENS})
        assert (told["status"], told["code"]) == (404, "resource_missing")
        assert channel_id in told["message"]


async def test_a_browser_speaks_of_users_and_not_of_objects(browser: Client, push: UUID) -> None:
    assert (await browser.put(f"{USER}/{push}", json={"data": TOKENS})).status_code == 200
    assert (await browser.refused("PUT", f"{OBJECT}/{push}", json={"data": TOKENS}))["status"] == 403


@pytest.mark.rule("E-TRIGGER-12")
@pytest.mark.parametrize("path", ["/v1/users/ada", "/v1/objects/projects/p1", "/v1/tenants/acme"])
async def test_inline_data_overwrites_by_channel_and_preferences_merge_by_set(
    client: Client, database: Database, environment: TestEnvironment, path: str, push: UUID, chat: UUID
) -> None:
    connections = {"connections": [{"channel_id": "C1"}]}
    first = {
        "channel_data": {str(push): {"tokens": ["old"]}, str(chat): connections},
        "preferences": {"default": {"channel_types": {"email": False}}, "acme": {"workflows": {"a": False}}},
    }
    second = {
        "name": "One",
        "channel_data": {str(push): TOKENS},
        "preferences": {"default": {"channel_types": {"sms": True}}},
    }
    for body in (first, second):
        answer = await client.put(path, json=body)
        assert answer.status_code == 200, answer.text
        # Neither is a property.
        assert not {"channel_data", "preferences"} & answer.json().keys()

    owner = path.replace("/v1/tenants", "/v1/objects/$tenants")
    assert (await client.found(f"{owner}/channel_data/{push}"))["data"] == FULL
    assert (await client.found(f"{owner}/channel_data/{chat}"))["data"] == connections
    sets = {one["id"]: one for one in await client.found(f"{owner}/preferences")}
    told = sets["default"]["channel_types"]
    assert {key: value for key, value in told.items() if value is not None} == {"email": False, "sms": True}
    assert sets["acme"]["workflows"] == {"a": False}


async def test_an_inline_set_may_ask_to_be_replaced(client: Client) -> None:
    for channel, more in (("email", {}), ("sms", {"__persistence_strategy__": "replace"})):
        given = {"default": {"channel_types": {channel: False}, **more}}
        await client.put("/v1/users/ada", json={"preferences": given})
    found = await client.found("/v1/users", **{"include[]": "preferences"})
    assert found["entries"][0]["preferences"] == {
        "default": {"id": "default", "channel_types": {"sms": False}}
    }


async def test_null_leaves_what_there_is(
    client: Client, database: Database, environment: TestEnvironment, push: UUID
) -> None:
    await client.put("/v1/users/ada", json={"channel_data": {str(push): TOKENS}})
    await client.put("/v1/users/ada", json={"channel_data": None, "preferences": None})
    async with database.connection() as connection:
        found = await find_channel_data(connection, environment.id, RecipientRef(id="ada"), [push])
    assert found == {push: FULL}
