from typing import Any

import pytest
from fastapi import FastAPI
from knockapi import AsyncKnock, NotFoundError

from tests.api.conftest import Client, client_of
from tests.environments import TestEnvironment

PATH = "/v1/objects/projects/p1"


async def test_the_sdk_sets_reads_lists_and_deletes_an_object(sdk: AsyncKnock) -> None:
    made = await sdk.objects.set("projects", "p1", name="Apollo", extra_body={"budget": {"year": 7}})
    assert (made.id, made.collection, made.api_typename) == ("p1", "projects", "Object")
    await sdk.objects.set("projects", "p1", extra_body={"budget": {"month": 1}})
    read = await sdk.objects.get("projects", "p1")
    assert read.properties == {"name": "Apollo", "budget": {"year": 7, "month": 1}}
    listed = await sdk.objects.list("projects")
    assert [one.id for one in listed.entries] == ["p1"]

    await sdk.objects.delete("projects", "p1")

    with pytest.raises(NotFoundError):
        await sdk.objects.get("projects", "p1")
    with pytest.raises(NotFoundError):
        await sdk.objects.delete("projects", "p1")


@pytest.mark.rule("E-TRIGGER-11")
async def test_a_property_goes_to_null_and_not_away(client: Client) -> None:
    await client.put(PATH, json={"name": "Apollo", "lead": {"id": "ada"}, "tags": ["a", "b"]})
    shown = (await client.put(PATH, json={"lead": None, "tags": ["c"]})).json()
    assert shown["properties"] == {"name": "Apollo", "lead": None, "tags": ["c"]}


async def test_objects_are_listed_by_collection_the_latest_first(client: Client) -> None:
    for path in ("projects/a", "projects/b", "projects/c", "teams/a"):
        await client.put(f"/v1/objects/{path}")
    first = await client.found("/v1/objects/projects", page_size=2)
    assert [one["id"] for one in first["entries"]] == ["c", "b"]
    rest = await client.found("/v1/objects/projects", page_size=2, after=first["page_info"]["after"])
    assert [one["id"] for one in rest["entries"]] == ["a"]
    assert (rest["page_info"]["after"], rest["page_info"]["page_size"]) == (None, 2)
    assert [one["id"] for one in (await client.found("/v1/objects/teams"))["entries"]] == ["a"]
    assert (await client.found("/v1/objects/nothing"))["entries"] == []


async def test_a_list_may_show_preference_sets(client: Client) -> None:
    await client.put(PATH, json={"preferences": {"default": {"channel_types": {"email": False}}}})
    await client.put("/v1/objects/projects/p2")
    found = await client.found("/v1/objects/projects", **{"include[]": "preferences"})
    assert [one["preferences"] for one in found["entries"]] == [
        {},
        {"default": {"id": "default", "channel_types": {"email": False}}},
    ]


@pytest.mark.rule("E-TENANT-1")
async def test_a_tenant_is_an_object_of_its_collection(client: Client) -> None:
    await client.put("/v1/tenants/acme", json={"name": "Acme"})
    shown = await client.found("/v1/objects/$tenants/acme")
    assert (shown["__typename"], shown["properties"]) == ("Object", {"name": "Acme"})
    told = await client.refused("PUT", "/v1/objects/$tenants/two%20words")
    assert (told["status"], told["errors"][0]["field"]) == (422, "id")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (PATH, {"name": 7}, "name"),
        (PATH, {"timezone": []}, "timezone"),
        (PATH, {"created_at": "soon"}, "created_at"),
        (PATH, {"preferences": {"default": 7}}, "preferences.default"),
        (f"/v1/objects/projects/{'x' * 257}", {}, "id"),
        (f"/v1/objects/{'x' * 257}/p1", {}, "collection"),
        ("/v1/objects/a%2Fb/p1", {}, "collection"),
    ],
)
async def test_an_object_that_cannot_be_kept_is_refused(
    client: Client, path: str, body: Any, field: str
) -> None:
    told = await client.refused("PUT", path, json=body)
    assert (told["status"], told["errors"][0]["field"]) == (422, field)


@pytest.mark.rule("E-LIMITS-7", "E-TRIGGER-15")
async def test_properties_over_256_kb_are_refused_whole(client: Client) -> None:
    half = {"a": "x" * 140_000}
    await client.put(PATH, json=half)
    more = {"b": half, "channel_data": {"11111111-1111-4111-8111-111111111111": {"tokens": ["t"]}}}
    assert (await client.refused("PUT", PATH, json=more))["status"] == 422
    assert (await client.found(PATH))["properties"] == half


async def test_a_public_key_speaks_of_no_object(app: FastAPI, environment: TestEnvironment) -> None:
    async with client_of(app, environment.public_key) as browser:
        for method in ("GET", "PUT", "DELETE"):
            assert (await browser.refused(method, PATH))["status"] == 403
