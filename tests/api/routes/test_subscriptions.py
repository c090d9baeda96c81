"""Subscriptions by the API (E-SUBS)."""

from typing import Any

import pytest
from knockapi import AsyncKnock, NotFoundError

from tests.api.conftest import Client

PATH = "/v1/objects/projects/p1/subscriptions"


async def subscribe(client: Client, *recipients: Any, path: str = PATH, **more: Any) -> list[dict[str, Any]]:
    answer = await client.post(path, json={"recipients": list(recipients), **more})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def who(client: Client, path: str = PATH, **params: Any) -> list[str]:
    entries = (await client.found(path, **params))["entries"]
    return sorted(f"{one['object']['id']} < {one['recipient']['id']}" for one in entries)


@pytest.mark.rule("E-SUBS-1", "E-SUBS-3")
async def test_the_sdk_subscribes_lists_and_unsubscribes(sdk: AsyncKnock) -> None:
    made = await sdk.objects.add_subscriptions(
        "projects", "p1", recipients=[{"id": "ada", "name": "Ada"}, "bob"], properties={"role": "boss"}
    )
    assert [(one.recipient.id, one.properties) for one in made] == [
        ("ada", {"role": "boss"}),
        ("bob", {"role": "boss"}),
    ]
    assert (await sdk.users.get("ada")).name == "Ada"
    with pytest.raises(NotFoundError):
        await sdk.users.get("bob")

    listed = await sdk.objects.list_subscriptions("projects", "p1", page_size=1)
    assert sorted([one.recipient.id async for one in listed]) == ["ada", "bob"]
    of_ada = (await sdk.users.list_subscriptions("ada")).entries[0]
    assert (of_ada.object.id, of_ada.object.collection) == ("p1", "projects")

    gone = await sdk.objects.delete_subscriptions("projects", "p1", recipients=["ada", "eve"])
    assert [one.recipient.id for one in gone] == ["ada"]
    left = await sdk.objects.list_subscriptions("projects", "p1")
    assert [one.recipient.id for one in left.entries] == ["bob"]


@pytest.mark.rule("E-SUBS-1")
async def test_subscribing_again_changes_the_properties_and_nothing_else(client: Client) -> None:
    (first,) = await subscribe(client, "ada", properties={"role": "boss", "since": 1})
    (again,) = await subscribe(client, "ada", properties={"role": "clerk"})

    assert (first["properties"], again["properties"]) == ({"role": "boss", "since": 1}, {"role": "clerk"})
    assert again["inserted_at"] == first["inserted_at"] < again["updated_at"]
    assert await who(client) == ["p1 < ada"]


@pytest.mark.rule("E-SUBS-1")
async def test_whoever_is_named_twice_in_a_call_subscribes_once(client: Client) -> None:
    made = await subscribe(client, "ada", {"id": "ada", "name": "Ada"}, {"id": "ada", "plan": "pro"})
    assert [(one["recipient"]["name"], one["recipient"]["plan"]) for one in made] == [("Ada", "pro")]


@pytest.mark.rule("E-SUBS-1")
async def test_the_object_must_exist_to_be_listed_and_comes_to_be_by_a_subscription(client: Client) -> None:
    missing = await client.refused("GET", PATH)
    assert (missing["status"], missing["code"]) == (404, "resource_missing")

    await subscribe(client, "ada")

    assert await who(client) == ["p1 < ada"]


@pytest.mark.rule("E-SUBS-3", "E-SUBS-5")
async def test_objects_subscribe_and_are_listed_in_both_modes(client: Client) -> None:
    team = {"collection": "teams", "id": "t1", "name": "Team"}
    tenant = {"collection": "$tenants", "id": "acme"}
    await subscribe(client, team, tenant, "ada")
    await subscribe(client, "bob", path="/v1/objects/teams/t1/subscriptions")
    await subscribe(client, "bob", path="/v1/objects/$tenants/acme/subscriptions")

    assert await who(client) == ["p1 < acme", "p1 < ada", "p1 < t1"]
    assert await who(client, "/v1/objects/teams/t1/subscriptions", mode="object") == ["t1 < bob"]
    assert await who(client, "/v1/objects/teams/t1/subscriptions", mode="recipient") == ["p1 < t1"]
    assert await who(client, "/v1/users/bob/subscriptions") == ["acme < bob", "t1 < bob"]


async def test_lists_are_narrowed_to_the_other_side(client: Client) -> None:
    team = {"collection": "teams", "id": "t1"}
    await subscribe(client, team, "ada", "bob")
    await subscribe(client, "ada", path="/v1/objects/projects/p2/subscriptions")

    assert await who(client, **{"recipients[]": "ada"}) == ["p1 < ada"]
    by_object = {"recipients[][id]": "t1", "recipients[][collection]": "teams"}
    assert await who(client, **by_object) == ["p1 < t1"]
    of_ada = {"objects[][id]": "p2", "objects[][collection]": "projects"}
    assert await who(client, "/v1/users/ada/subscriptions", **of_ada) == ["p2 < ada"]


async def test_preferences_come_along_where_they_are_asked_for(client: Client) -> None:
    await subscribe(client, {"id": "ada", "preferences": {"default": {"channel_types": {"email": False}}}})
    (plain,) = (await client.found(PATH))["entries"]
    (full,) = (await client.found(PATH, **{"include[]": "preferences"}))["entries"]

    assert "preferences" not in plain["recipient"]
    sets = full["recipient"]["preferences"]
    assert (sets.keys(), sets["default"]["channel_types"]["email"]) == ({"default"}, False)


async def test_pages_go_both_ways(client: Client) -> None:
    for number in range(5):
        await subscribe(client, f"u{number}")
    first = await client.found(PATH, page_size="2")
    second = await client.found(PATH, page_size="2", after=first["page_info"]["after"])
    back = await client.found(PATH, page_size="2", before=second["page_info"]["before"])

    pages = [[one["recipient"]["id"] for one in page["entries"]] for page in (first, second, back)]
    assert pages == [["u4", "u3"], ["u2", "u1"], ["u4", "u3"]]


@pytest.mark.rule("E-SUBS-2", "E-LIMITS-30")
@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_call_names_at_most_a_hundred(client: Client, method: str) -> None:
    many = [f"u{number:03}" for number in range(101)]
    refused = await client.refused(method, PATH, json={"recipients": many})
    assert (refused["status"], refused["code"]) == (422, "invalid_params")

    assert len(await subscribe(client, *many[:100])) == 100
    assert len(await subscribe(client, *many[100:])) == 1


@pytest.mark.parametrize(
    ("recipients", "path", "field"),
    [
        (["ada", {"name": "Bob"}], PATH, "recipients[1].id"),
        ([], PATH, "recipients"),
        (["ada"], "/v1/objects/$users/bob/subscriptions", "collection"),
    ],
)
async def test_bad_subscriptions_leave_nothing_behind(
    client: Client, recipients: list[Any], path: str, field: str
) -> None:
    refused = await client.refused("POST", path, json={"recipients": recipients})
    assert (refused["status"], refused["errors"][0]["field"]) == (422, field)
    assert (await client.refused("GET", path))["status"] == 404


async def test_other_environments_see_nothing_of_it(client: Client, stranger_key: str) -> None:
    await subscribe(client, "ada")
    headers = {"authorization": f"Bearer {stranger_key}"}
    assert (await client.get("/v1/users/ada/subscriptions", headers=headers)).json()["entries"] == []
    assert (await client.get(PATH, headers=headers)).status_code == 404
