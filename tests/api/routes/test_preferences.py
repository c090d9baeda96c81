"""Preference sets over HTTP, as Knock's SDK and its browser client speak (E-PREF-17, -19, -20)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from knockapi import AsyncKnock

from models.database import Database
from models.queries.account import write_preference_defaults
from models.tables.recipients import identify
from models.values.refs import TENANTS, RecipientRef
from tests.api.conftest import Client, client_of
from tests.environments import TestEnvironment
from tests.runs import NOON

USER = "/v1/users/ada/preferences"
OBJECT = "/v1/objects/projects/p 1/preferences"
EMPTY = {
    "id": "default",
    "categories": None,
    "channel_types": None,
    "channels": None,
    "commercial_subscribed": None,
    "workflows": None,
}
EMAIL_OFF: dict[str, Any] = {"channel_types": {"email": False}}
CHANNEL = "11111111-1111-4111-8111-111111111111"
WHOLE: dict[str, Any] = {
    "categories": {"marketing": False, "Q&A / news": {"channel_types": {"email": False}}},
    "channel_types": {
        "sms": {"conditions": [{"variable": "recipient.a", "operator": "equal_to", "argument": "1"}]}
    },
    "channels": {CHANNEL: True},
    "commercial_subscribed": False,
    "workflows": {"greet": {"channels": {CHANNEL: False}, "conditions": []}},
}

everybody = pytest.mark.parametrize("path", [USER, OBJECT])


@pytest.fixture
async def browser(app: FastAPI, environment: TestEnvironment) -> AsyncIterator[Client]:
    async with client_of(app, environment.public_key) as client:
        yield client


async def put(client: Client, path: str, body: Any = None) -> Any:
    answer = await client.put(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def defaults(database: Database, environment: TestEnvironment) -> None:
    """The environment refuses SMS by default, the tenant `acme` imposes its word on one category."""
    imposed = {"collaboration": {"__strategy__": "replace", **EMAIL_OFF}}
    settings = {"preference_set": {"categories": imposed, "channel_types": {"push": False}}}
    async with database.transaction() as connection:
        await write_preference_defaults(connection, environment.id, {"channel_types": {"sms": False}}, NOON)
        acme = RecipientRef(collection=TENANTS, id="acme")
        await identify(connection, environment.id, acme, {"settings": settings}, NOON)


@pytest.mark.rule("E-PREF-17", "E-PREF-1")
async def test_the_sdk_sets_reads_lists_and_unsets(sdk: AsyncKnock) -> None:
    made = await sdk.users.set_preferences("ada", "default", channel_types={"email": False})
    assert (made.id, made.channel_types and made.channel_types.email) == ("default", False)
    await sdk.users.set_preferences("ada", "acme", categories={"marketing": True})

    assert [one.id for one in await sdk.users.list_preferences("ada")] == ["acme", "default"]
    assert (await sdk.users.get_preferences("ada", "acme")).categories == {"marketing": True}
    await sdk.users.unset_preferences("ada", "default")
    assert [one.id for one in await sdk.users.list_preferences("ada")] == ["acme"]

    await sdk.objects.set_preferences("projects", "p1", "default", commercial_subscribed=False)
    assert (await sdk.objects.get_preferences("projects", "p1", "default")).commercial_subscribed is False
    assert len(await sdk.objects.list_preferences("projects", "p1")) == 1
    await sdk.objects.unset_preferences("projects", "p1", "default")
    assert await sdk.objects.list_preferences("projects", "p1") == []


@pytest.mark.rule("E-PREF-17")
@everybody
async def test_putting_replaces_the_whole_set(client: Client, path: str) -> None:
    assert await put(client, f"{path}/default", WHOLE) == EMPTY | WHOLE
    assert await put(client, f"{path}/default", EMAIL_OFF) == EMPTY | EMAIL_OFF
    assert await client.found(f"{path}/default") == EMPTY | EMAIL_OFF


@pytest.mark.rule("E-PREF-17")
@everybody
async def test_putting_merges_deeply_when_asked_to(client: Client, path: str) -> None:
    await put(client, f"{path}/default", WHOLE)
    more = {
        "__persistence_strategy__": "merge",
        "categories": {
            "marketing": {"channel_types": {"sms": True}},
            "Q&A / news": {"channel_types": {"sms": True}},
        },
        "channel_types": {"email": True},
    }
    merged = await put(client, f"{path}/default", more)
    assert merged["categories"] == {
        "marketing": {"channel_types": {"sms": True}},
        "Q&A / news": {"channel_types": {"email": False, "sms": True}},
    }
    assert merged["channel_types"] == {**WHOLE["channel_types"], "email": True}
    assert merged["channels"] == WHOLE["channels"]


@pytest.mark.rule("E-PREF-17")
async def test_putting_creates_whoever_is_unknown(client: Client) -> None:
    await put(client, f"{USER}/default", EMAIL_OFF)
    assert (await client.found("/v1/users/ada"))["id"] == "ada"


async def test_putting_nothing_is_an_empty_set(client: Client) -> None:
    await put(client, f"{USER}/default", WHOLE)
    assert await put(client, f"{USER}/default") == EMPTY


async def test_a_set_that_was_read_can_be_sent_back(client: Client) -> None:
    shown = await put(client, f"{USER}/default", WHOLE)
    assert await put(client, f"{USER}/default", shown) == shown


@pytest.mark.rule("E-PREF-18")
@everybody
async def test_deleting_unsets_and_may_be_repeated(client: Client, path: str) -> None:
    await put(client, f"{path}/default", WHOLE)
    for _ in range(2):
        assert (await client.delete(f"{path}/default")).status_code == 204
    assert await client.found(path) == []


@pytest.mark.rule("E-PREF-19")
@everybody
async def test_a_set_that_nobody_stored_is_empty_even_of_somebody_unknown(client: Client, path: str) -> None:
    assert await client.found(f"{path}/default") == EMPTY
    assert await client.found(path) == []


@pytest.mark.rule("E-PREF-19", "E-PREF-2")
@everybody
@pytest.mark.usefixtures("defaults")
async def test_clients_see_the_environments_defaults_under_what_was_set(client: Client, path: str) -> None:
    assert (await client.found(f"{path}/default"))["channel_types"] == {"sms": False}
    shown = await put(client, f"{path}/default", EMAIL_OFF)
    assert shown["channel_types"] == {"sms": False, "email": False}
    assert await client.found(path) == [shown]
    assert (await put(client, f"{path}/default", {"channel_types": {"sms": True}}))["channel_types"] == {
        "sms": True
    }


@pytest.mark.rule("E-PREF-19", "E-PREF-7")
@everybody
@pytest.mark.usefixtures("defaults")
async def test_a_tenants_set_shows_what_the_tenant_imposes(client: Client, path: str) -> None:
    own = {"categories": {"collaboration": {"channel_types": {"email": True}}}}
    shown = await put(client, f"{path}/acme", own)
    imposed = {"collaboration": {"__strategy__": "replace", "channel_types": {"email": False}}}
    assert shown["categories"] == imposed
    assert shown["channel_types"] == {"sms": False, "push": False}

    assert (await client.found(f"{path}/default"))["categories"] is None
    named = await client.found(f"{path}/default", tenant="acme")
    assert (named["id"], named["categories"]) == ("default", imposed)


@pytest.mark.rule("E-PREF-7")
@pytest.mark.usefixtures("defaults")
async def test_what_was_imposed_on_returns_once_the_tenant_lets_go(
    client: Client, database: Database, environment: TestEnvironment
) -> None:
    await put(client, f"{USER}/acme", {"categories": {"collaboration": {"channel_types": {"email": True}}}})
    merge = {"settings": {"preference_set": {"categories": {"collaboration": {"__strategy__": "merge"}}}}}
    async with database.transaction() as connection:
        await identify(connection, environment.id, RecipientRef(collection=TENANTS, id="acme"), merge, NOON)

    shown = await client.found(f"{USER}/acme")
    assert shown["categories"]["collaboration"]["channel_types"] == {"email": True}


@pytest.mark.rule("E-PREF-2")
async def test_one_environments_defaults_can_be_put_into_another(
    manager: Client, client: Client, defaults: None
) -> None:
    read = (await manager.found("/v1/tocsin/account"))["preferences"]
    answer = await manager.put(
        "/v1/tocsin/account", json={"preferences": read | {"categories": {"a": False}}}
    )
    assert answer.status_code == 200, answer.text
    assert (await client.found(f"{USER}/default"))["categories"] == {"a": False}


@pytest.mark.rule("E-PREF-20")
@everybody
async def test_single_keys_are_set_and_the_rest_is_left(client: Client, path: str) -> None:
    await put(client, f"{path}/default", {"commercial_subscribed": False})
    await put(client, f"{path}/default/channel_types", {"email": False, "sms": True})
    await put(client, f"{path}/default/channel_types/push", {"subscribed": False})
    await put(client, f"{path}/default/workflows", {"greet": False})
    await put(client, f"{path}/default/workflows/bye", EMAIL_OFF)
    await put(client, f"{path}/default/categories", {"news": True})
    await put(client, f"{path}/default/categories/Q%26A%20%2F%20news", {"subscribed": True})
    shown = await put(client, f"{path}/default/categories/news", {"subscribed": False})

    assert shown == EMPTY | {
        "commercial_subscribed": False,
        "channel_types": {"email": False, "sms": True, "push": False},
        "workflows": {"greet": False, "bye": EMAIL_OFF},
        "categories": {"news": False, "Q&A / news": True},
    }
    assert (await put(client, f"{path}/default/workflows", {"x": True}))["workflows"] == {"x": True}
    assert (await put(client, f"{path}/default/categories/news", EMAIL_OFF))["categories"][
        "news"
    ] == EMAIL_OFF


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channel_types": {"fax": True}}, "channel_types.fax"),
        ({"channel_types": {"email": "no"}}, "channel_types.email"),
        ({"channels": {"email": True}}, "channels"),
        ({"categories": {"a": {"categories": {}}}}, "categories.a"),
        ({"colour": 1}, "colour"),
        ({"__persistence_strategy__": "add"}, "__persistence_strategy__"),
        ({"__strategy__": "replace"}, "__strategy__"),
        ({"id": "acme"}, "id"),
        ({"channel_types": {"email": {"conditions": {"any": []}}}}, "channel_types.email"),
        ({"commercial_subscribed": {"conditions": [{"variable": "a", "operator": "is"}]}}, "commercial"),
    ],
)
@pytest.mark.rule("E-COND-4", "E-PREF-7")
async def test_what_is_no_set_is_refused_by_field(client: Client, body: Any, field: str) -> None:
    refused = await client.refused("PUT", f"{USER}/default", json=body)
    assert refused["status"] == 422
    assert all(error["field"].startswith(field) for error in refused["errors"]), refused


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("default/channel_types/fax", {"subscribed": True}),
        ("default/channel_types/email", {"subscribed": "yes"}),
        ("default/workflows/greet", {"colour": 1}),
        ("two words", {}),
        ("x" * 300, {}),
    ],
)
async def test_what_cannot_be_set_is_refused(client: Client, path: str, body: Any) -> None:
    assert (await client.refused("PUT", f"{USER}/{path}", json=body))["status"] == 422


@pytest.mark.rule("E-PREF-19")
async def test_a_browser_may_read_and_set_a_users_preferences_only(browser: Client) -> None:
    await put(browser, f"{USER}/default", EMAIL_OFF)
    await put(browser, f"{USER}/default/categories", {"a": True})
    assert (await browser.found(f"{USER}/default"))["channel_types"] == {"email": False}
    for method, path in (("DELETE", f"{USER}/default"), ("GET", OBJECT), ("PUT", f"{OBJECT}/default")):
        assert (await browser.refused(method, path))["code"] == "incorrect_token_type"


async def test_environments_do_not_share_preferences(app: FastAPI, client: Client, stranger_key: str) -> None:
    await put(client, f"{USER}/default", EMAIL_OFF)
    async with client_of(app, stranger_key) as stranger:
        assert await stranger.found(USER) == []


@pytest.mark.rule("E-PREF-18")
async def test_one_set_replaces_that_of_many_users(client: Client, sdk: AsyncKnock) -> None:
    await put(client, f"{USER}/default", WHOLE)
    operation = await sdk.users.bulk.set_preferences(
        preferences={"channel_types": {"email": False}}, user_ids=["ada", "bob", "ada"]
    )
    assert (operation.status, operation.estimated_total_rows, operation.success_count) == ("completed", 2, 2)
    assert (await sdk.bulk_operations.get(operation.id)).name == "users.set_preferences"
    for user in ("ada", "bob"):
        assert await client.found(f"/v1/users/{user}/preferences/default") == EMPTY | EMAIL_OFF

    tenants = {"id": "acme", "categories": {"news": False}}
    body = {"user_ids": ["bob"], "preferences": tenants}
    assert (await client.post("/v1/users/bulk/preferences", json=body)).status_code == 200
    assert [one["id"] for one in await client.found("/v1/users/bob/preferences")] == ["acme", "default"]


@pytest.mark.rule("E-PREF-18", "E-LIMITS-36")
@pytest.mark.parametrize(
    "body",
    [
        {"user_ids": [], "preferences": {}},
        {"user_ids": [f"user-{number}" for number in range(1001)], "preferences": {}},
        {"user_ids": ["a/b"], "preferences": {}},
        {"user_ids": ["ada"], "preferences": {"__persistence_strategy__": "merge"}},
        {"user_ids": ["ada"], "preferences": {"id": "two words"}},
        {"user_ids": ["ada"]},
    ],
    ids=lambda body: str(body)[:30],
)
async def test_a_bulk_call_that_cannot_be_obeyed_is_refused(client: Client, body: Any) -> None:
    assert (await client.refused("POST", "/v1/users/bulk/preferences", json=body))["status"] == 422
    assert await client.found(USER) == []
