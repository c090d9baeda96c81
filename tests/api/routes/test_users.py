from typing import Any

import pytest
from fastapi import FastAPI
from knockapi import AsyncKnock, NotFoundError

from models.database import Database
from tests.api.conftest import Client, client_of
from tests.environments import TestEnvironment


async def test_the_sdk_identifies_and_reads_a_user(sdk: AsyncKnock) -> None:
    made = await sdk.users.update(
        "ada", name="Ada", email="ada@example.com", extra_body={"plan": {"tier": 1}}
    )
    assert (made.id, made.name, made.api_typename) == ("ada", "Ada", "User")
    read = await sdk.users.get("ada")
    assert read.email == "ada@example.com"
    assert read.model_extra == {"plan": {"tier": 1}}


async def test_a_user_nobody_identified_is_missing(sdk: AsyncKnock) -> None:
    with pytest.raises(NotFoundError) as caught:
        await sdk.users.get("nobody")
    assert caught.value.body == {
        "code": "resource_missing",
        "message": 'There is no user "nobody" in this environment; identify them with PUT first.',
        "status": 404,
        "type": "not_found_error",
    }


@pytest.mark.rule("E-TRIGGER-11")
async def test_identifying_merges_deeply_and_keeps_the_rest(client: Client) -> None:
    await client.put("/v1/users/ada", json={"name": "Ada", "plan": {"tier": 1, "seats": {"used": 2}}})
    merged = (await client.put("/v1/users/ada", json={"plan": {"seats": {"free": 3}}, "name": None})).json()
    assert merged["plan"] == {"tier": 1, "seats": {"used": 2, "free": 3}}
    assert merged["name"] is None


async def test_an_unchanged_identify_writes_nothing(
    client: Client, database: Database, environment: TestEnvironment
) -> None:
    first = (await client.put("/v1/users/ada", json={"name": "Ada", "tags": ["a"]})).json()
    before = await row_version(database, environment)
    again = (await client.put("/v1/users/ada", json={"name": "Ada"})).json()
    assert again == first
    assert await row_version(database, environment) == before


async def row_version(database: Database, environment: TestEnvironment) -> Any:
    """Which row it is, and who locked it: both change with any write."""
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT ctid, xmin, xmax FROM recipients WHERE environment_id = %s AND id = 'ada'",
            (environment.id,),
        )
        return await cursor.fetchone()


async def test_reserved_properties_stand_even_when_they_were_never_given(client: Client) -> None:
    shown = (await client.put("/v1/users/ada")).json()
    assert shown["updated_at"].endswith("Z")
    del shown["updated_at"]
    assert shown == {
        "__typename": "User",
        "id": "ada",
        "name": None,
        "email": None,
        "phone_number": None,
        "avatar": None,
        "timezone": None,
        "created_at": None,
    }


async def test_a_user_who_was_read_can_be_sent_back(client: Client) -> None:
    shown = (await client.put("/v1/users/ada", json={"name": "Ada", "city": "London"})).json()
    again = (await client.put("/v1/users/ada", json=shown)).json()
    assert again | {"updated_at": 0} == shown | {"updated_at": 0}


async def test_an_id_may_hold_anything_a_url_can_carry(client: Client) -> None:
    for written, user_id in (
        ("ada@example.com", "ada@example.com"),
        ("a:b", "a:b"),
        ("a%20b%25", "a b%"),
        ("%C3%A4", "ä"),
        ("%252F", "%2F"),
    ):
        assert (await client.put(f"/v1/users/{written}")).json()["id"] == user_id
        assert (await client.found(f"/v1/users/{written}"))["id"] == user_id


async def test_an_encoded_slash_is_part_of_the_id(client: Client) -> None:
    told = await client.refused("GET", "/v1/users/a%2Fb")
    assert told["message"].startswith('There is no user "a/b"')


@pytest.mark.rule("E-LIMITS-6")
@pytest.mark.parametrize(("written", "why"), [("a%2Fb", "/ or #"), ("a%23b", "/ or #"), ("x" * 257, "256")])
async def test_an_id_that_no_user_may_have_is_refused(client: Client, written: str, why: str) -> None:
    told = await client.refused("PUT", f"/v1/users/{written}", json={})
    assert (told["status"], told["code"], told["errors"][0]["field"]) == (422, "invalid_params", "id")
    assert why in told["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": 5}, "name"),
        ({"email": ["a"]}, "email"),
        ({"created_at": "long ago"}, "created_at"),
        ({"created_at": 7}, "created_at"),
        ({"channel_data": {"c": {}}}, "channel_data"),
        ({"channel_data": []}, "channel_data"),
        ({"preferences": {"channel_types": {"email": True}}}, "preferences.channel_types"),
        ({"preferences": {"default": {"workflows": []}}}, "preferences.default.workflows"),
    ],
)
async def test_a_property_that_cannot_be_kept_is_named(client: Client, body: Any, field: str) -> None:
    told = await client.refused("PUT", "/v1/users/ada", json=body)
    assert (told["status"], told["errors"][0]["field"]) == (422, field)
    assert (await client.get("/v1/users/ada")).status_code == 404


@pytest.mark.rule("E-TRIGGER-15", "E-LIMITS-7")
async def test_properties_over_256_kb_are_refused_whole(client: Client) -> None:
    assert (await client.refused("PUT", "/v1/users/ada", json={"a": "x" * 263_000}))["status"] == 422
    assert (await client.get("/v1/users/ada")).status_code == 404


@pytest.mark.rule("E-TRIGGER-15", "E-LIMITS-7")
async def test_properties_that_grow_over_256_kb_stay_as_they_were(client: Client) -> None:
    half = "x" * 140_000
    await client.put("/v1/users/ada", json={"a": half})
    assert (await client.refused("PUT", "/v1/users/ada", json={"b": half}))["status"] == 422
    assert "b" not in await client.found("/v1/users/ada")


async def test_a_body_that_is_no_object_is_refused(client: Client) -> None:
    assert (await client.refused("PUT", "/v1/users/ada", json=["name"]))["status"] == 422


async def test_environments_do_not_share_users(client: Client, app: FastAPI, stranger_key: str) -> None:
    await client.put("/v1/users/ada", json={"name": "Ada"})
    async with client_of(app, stranger_key) as other:
        assert (await other.refused("GET", "/v1/users/ada"))["code"] == "resource_missing"


async def test_a_public_key_may_identify(app: FastAPI, environment: TestEnvironment) -> None:
    async with client_of(app, environment.public_key) as browser:
        assert (await browser.put("/v1/users/ada", json={"name": "Ada"})).status_code == 200


async def test_the_sdk_lists_users_the_latest_first(sdk: AsyncKnock) -> None:
    for user_id in ("ada", "bob", "carl"):
        await sdk.users.update(user_id, name=user_id.title())
    await sdk.objects.set("teams", "ada")
    first = await sdk.users.list(page_size=2)
    assert [one.id for one in first.entries] == ["carl", "bob"]
    rest = await first.get_next_page()
    assert [(one.id, one.name) for one in rest.entries] == [("ada", "Ada")]


async def test_the_sdk_deletes_a_user(sdk: AsyncKnock) -> None:
    await sdk.users.update("ada", name="Ada")
    await sdk.users.delete("ada")
    for call in (sdk.users.get, sdk.users.delete):
        with pytest.raises(NotFoundError):
            await call("ada")
    # Whoever comes back under the id is somebody new.
    assert (await sdk.users.update("ada", email="a@example.com")).name is None


async def test_the_sdk_merges_a_user_into_another(sdk: AsyncKnock) -> None:
    await sdk.users.update("ada", name="Ada")
    await sdk.users.update("bob", name="Bob", email="bob@example.com")
    merged = await sdk.users.merge("ada", from_user_id="bob")
    assert (merged.id, merged.name, merged.email) == ("ada", "Ada", "bob@example.com")
    with pytest.raises(NotFoundError):
        await sdk.users.get("bob")


@pytest.mark.parametrize(
    ("into", "body", "status", "said"),
    [
        ("ada", {"from_user_id": "nobody"}, 404, '"nobody"'),
        ("nobody", {"from_user_id": "ada"}, 404, '"nobody"'),
        ("ada", {"from_user_id": "ada"}, 422, "another user"),
        ("ada", {}, 422, "from_user_id"),
    ],
)
async def test_a_merge_needs_two_users(
    client: Client, into: str, body: dict[str, str], status: int, said: str
) -> None:
    await client.put("/v1/users/ada", json={"name": "Ada"})
    told = await client.refused("POST", f"/v1/users/{into}/merge", json=body)
    assert (told["status"], said in told["message"]) == (status, True), told
    assert (await client.found("/v1/users/ada"))["name"] == "Ada"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/users"), ("DELETE", "/v1/users/ada"), ("POST", "/v1/users/ada/merge")]
)
async def test_a_public_key_neither_lists_nor_deletes(
    app: FastAPI, environment: TestEnvironment, method: str, path: str
) -> None:
    async with client_of(app, environment.public_key) as browser:
        told = await browser.refused(method, path, json={"from_user_id": "bob"})
    assert (told["status"], told["code"]) == (403, "incorrect_token_type")


async def test_a_time_zone_that_does_not_exist_is_refused(client: Client) -> None:
    told = await client.refused("PUT", "/v1/users/ada", json={"timezone": "Mars/Phobos"})
    assert (told["status"], told["errors"][0]["field"]) == (422, "timezone")
    assert (await client.refused("GET", "/v1/users/ada"))["status"] == 404
    assert (await client.put("/v1/users/ada", json={"timezone": "Europe/Berlin"})).status_code == 200
