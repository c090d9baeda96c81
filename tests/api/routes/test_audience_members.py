"""Members of static audiences over HTTP, as Knock's SDK speaks (E-AUD-1 to E-AUD-3)."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from knockapi import AsyncKnock, NotFoundError

from models.database import Database
from models.values.content import ContentType
from tests.api.conftest import Client, client_of
from tests.committing import publish
from tests.environments import TestEnvironment

VIPS = "/v1/audiences/vips/members"
STATIC = {"type": "static", "name": "Very important people"}
DYNAMIC = {
    "type": "dynamic",
    "name": "On the pro plan",
    "segments": [{"conditions": [{"property": "plan", "operator": "equal_to", "argument": "pro"}]}],
}


@pytest.fixture(autouse=True)
async def audiences(database: Database, environment: TestEnvironment) -> None:
    await publish(database, environment, "vips", STATIC, ContentType.AUDIENCE)
    await publish(database, environment, "pros", DYNAMIC, ContentType.AUDIENCE)


def users(*ids: str, **more: Any) -> dict[str, Any]:
    return {"members": [{"user": {"id": one}, **more} for one in ids]}


async def add(client: Client, body: Any, path: str = VIPS, **params: Any) -> None:
    answer = await client.post(path, json=body, params=params)
    assert (answer.status_code, answer.content) == (204, b""), answer.text


async def members(client: Client, **params: Any) -> list[tuple[str, str | None]]:
    found = await client.found(VIPS, **params)
    return sorted(
        ((one["user_id"], one["tenant"]) for one in found["entries"]), key=lambda one: (one[0], one[1] or "")
    )


@pytest.mark.rule("E-AUD-2")
async def test_the_sdk_adds_lists_and_removes(sdk: AsyncKnock) -> None:
    await sdk.users.update("ada", name="Ada")
    await sdk.audiences.add_members(
        "vips", members=[{"user": {"id": "ada"}}, {"user": {"id": "bob", "name": "Bob"}}]
    )
    listed = await sdk.audiences.list_members("vips")
    assert sorted((one.user_id, one.user.name, one.tenant) for one in listed.entries) == [
        ("ada", "Ada", None),
        ("bob", "Bob", None),
    ]
    await sdk.audiences.remove_members("vips", members=[{"user": {"id": "ada"}}])
    assert [one.user_id for one in (await sdk.audiences.list_members("vips")).entries] == ["bob"]


@pytest.mark.rule("E-AUD-2")
async def test_users_are_identified_inline_and_those_with_an_id_only_are_missing(client: Client) -> None:
    await add(client, {"members": [{"user": {"id": "ada", "plan": "pro"}}, {"user": {"id": "nobody"}}]})
    assert (await client.found("/v1/users/ada"))["plan"] == "pro"
    assert (await client.refused("GET", "/v1/users/nobody"))["code"] == "resource_missing"

    entries = {one["user_id"]: one for one in (await client.found(VIPS))["entries"]}
    assert entries["ada"]["user"]["plan"] == "pro"
    missing = entries["nobody"]
    assert missing["__typename"] == "AudienceMember"
    assert (missing["user"]["id"], missing["user"]["name"]) == ("nobody", None)

    await client.put("/v1/users/nobody", json={"name": "Known now"})
    entries = {one["user_id"]: one for one in (await client.found(VIPS))["entries"]}
    assert entries["nobody"]["user"]["name"] == "Known now"


@pytest.mark.rule("E-AUD-2", "E-PREF-18")
async def test_what_comes_inline_is_merged_with_preferences_too(client: Client) -> None:
    await client.put("/v1/users/ada/preferences/default", json={"channel_types": {"sms": False}})
    inline = {"id": "ada", "preferences": {"default": {"channel_types": {"email": False}}}}
    await add(client, {"members": [{"user": inline}]})
    shown = await client.found("/v1/users/ada/preferences/default")
    assert shown["channel_types"] == {"sms": False, "email": False}


@pytest.mark.rule("E-AUD-3", "E-AUD-2")
async def test_a_user_is_a_member_once_for_each_tenant_and_leaves_with_the_same_one(client: Client) -> None:
    for tenant in ({}, {"tenant": "acme"}, {"tenant": "acme"}, {"tenant": "umbrella"}, {"tenant": None}):
        await add(client, users("ada", **tenant))
    assert await members(client) == [("ada", None), ("ada", "acme"), ("ada", "umbrella")]

    await client.request("DELETE", VIPS, json=users("ada", tenant="nobody's"))
    assert len(await members(client)) == 3
    await client.request("DELETE", VIPS, json=users("ada", tenant="acme"))
    assert await members(client) == [("ada", None), ("ada", "umbrella")]
    await client.request("DELETE", VIPS, json=users("ada"))
    assert await members(client) == [("ada", "umbrella")]


async def test_adding_again_keeps_since_when(client: Client) -> None:
    await add(client, users("ada", "ada"))
    first = (await client.found(VIPS))["entries"]
    await add(client, users("ada"))
    assert (await client.found(VIPS))["entries"] == first


async def test_members_to_remove_may_stand_in_the_query(client: Client) -> None:
    await add(client, users("ada", "bob"))
    named = json.dumps(users("ada")["members"])
    assert (await client.delete(VIPS, params={"members": named})).status_code == 204
    assert await members(client) == [("bob", None)]
    for wrong in ("", "[]", "{", '[{"id": "ada"}]'):
        assert (await client.refused("DELETE", VIPS, params={"members": wrong}))["status"] == 422


async def test_pages_hold_twenty_five_and_go_on(client: Client) -> None:
    await add(client, users(*(f"user-{number:02}" for number in range(30))))
    first = await client.found(VIPS)
    assert (len(first["entries"]), first["page_info"]["page_size"]) == (25, 25)
    rest = await client.found(VIPS, after=first["page_info"]["after"])
    seen = [one["user_id"] for one in [*first["entries"], *rest["entries"]]]
    assert sorted(seen) == [f"user-{number:02}" for number in range(30)]
    assert rest["page_info"]["after"] is None
    assert len(await members(client, page_size=3)) == 3


@pytest.mark.rule("E-AUD-2")
async def test_an_audience_is_created_when_asked_to_and_else_missing(client: Client, manager: Client) -> None:
    new = "/v1/audiences/early-birds/members"
    for method in ("GET", "POST", "DELETE"):
        body = None if method == "GET" else users("ada")
        assert (await client.refused(method, new, json=body))["code"] == "resource_missing"

    await add(client, users("ada"), new, create_audience=True)
    await add(client, users("bob"), new, create_audience=True)
    assert len((await client.found(new))["entries"]) == 2
    made = await manager.found("/v1/audiences/early-birds")
    assert (made["type"], made["name"]) == ("static", "early-birds")


async def test_an_audience_whose_key_is_none_is_not_created(client: Client) -> None:
    refused = await client.refused(
        "POST", "/v1/audiences/Early%20birds/members", json=users("ada"), params={"create_audience": "true"}
    )
    assert refused["status"] == 422


@pytest.mark.rule("E-AUD-1")
async def test_nobody_is_added_to_a_dynamic_audience_nor_its_type_changed(
    client: Client, manager: Client
) -> None:
    dynamic = "/v1/audiences/pros/members"
    for method in ("POST", "DELETE"):
        assert (await client.refused(method, dynamic, json=users("ada")))["status"] == 422
    assert (await client.refused("GET", dynamic))["code"] == "not_implemented"

    params = {"environment": manager.params["environment"], "force": "true"}
    changed = {"audience": {"type": "dynamic", "name": "x", "segments": []}}
    assert (await manager.refused("PUT", "/v1/audiences/vips", json=changed, params=params))["status"] == 422


@pytest.mark.rule("E-AUD-1")
async def test_objects_are_no_members(client: Client) -> None:
    refused = await client.refused(
        "POST", VIPS, json={"members": [{"user": {"id": "p1", "collection": "projects"}}]}
    )
    assert refused["errors"][0]["field"] == "members[0].user.collection"


@pytest.mark.rule("E-AUD-2", "E-LIMITS-35")
@pytest.mark.parametrize(
    "body",
    [
        {"members": []},
        {},
        users(*(f"user-{number}" for number in range(1001))),
        users(""),
        users("a/b"),
        users("ada", tenant="two words"),
        users("ada", colour="red"),
        {"members": [{"user": {"name": "Ada"}}]},
        {"members": [{"tenant": "acme"}]},
    ],
    ids=lambda body: str(body)[:40],
)
async def test_what_names_no_members_is_refused_and_adds_nobody(client: Client, body: Any) -> None:
    assert (await client.refused("POST", VIPS, json=body))["status"] == 422
    assert await members(client) == []


async def test_one_user_with_too_large_properties_keeps_everybody_out(client: Client) -> None:
    body = {"members": [{"user": {"id": "ada"}}, {"user": {"id": "bob", "notes": "x" * 300_000}}]}
    assert (await client.refused("POST", VIPS, json=body))["status"] == 422
    assert await members(client) == []


@pytest.mark.rule("E-AUD-2", "E-LIMITS-35")
async def test_a_thousand_members_go_in_one_call(client: Client) -> None:
    await add(client, users(*(f"user-{number}" for number in range(1000))))
    assert len(await members(client, page_size=50)) == 50


async def test_an_audience_that_was_archived_comes_back_empty(client: Client, manager: Client) -> None:
    await add(client, users("ada"), "/v1/audiences/brief/members", create_audience=True)
    assert (await manager.delete("/v1/audiences/brief")).status_code == 200
    assert (await client.refused("GET", "/v1/audiences/brief/members"))["status"] == 404
    await add(client, users("bob"), "/v1/audiences/brief/members", create_audience=True)
    found = await client.found("/v1/audiences/brief/members")
    assert [one["user_id"] for one in found["entries"]] == ["bob"]


@pytest.mark.rule("E-AUD-4")
async def test_environments_have_members_of_their_own(
    app: FastAPI, client: Client, stranger_key: str, sdk: AsyncKnock
) -> None:
    await add(client, users("ada"))
    async with client_of(app, stranger_key) as stranger:
        assert (await stranger.refused("GET", VIPS))["status"] == 404
        await add(stranger, users("bob"), create_audience=True)
    assert await members(client) == [("ada", None)]
    with pytest.raises(NotFoundError):
        await sdk.audiences.list_members("nosuch")


async def test_browsers_may_not(app: FastAPI, environment: TestEnvironment) -> None:
    async with client_of(app, environment.public_key) as browser:
        assert (await browser.refused("GET", VIPS))["code"] == "incorrect_token_type"
