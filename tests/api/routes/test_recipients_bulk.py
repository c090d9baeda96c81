"""Bulk calls on users, objects and tenants, and the operations they leave behind."""

from typing import Any

import pytest
from fastapi import FastAPI
from knockapi import AsyncKnock, NotFoundError

from tests.api.conftest import ORIGIN, Client, client_of


async def counted(client: Client, path: str, **request: Any) -> tuple[int, int, list[dict[str, str]]]:
    """Successes, errors and the items that failed; the operation is there to be read again."""
    answer = await client.post(path, **request)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert await client.found(shown["progress_path"].removeprefix(ORIGIN)) == shown
    assert (shown["status"], shown["failed_at"]) == ("completed", None)
    assert shown["processed_rows"] == shown["success_count"] + shown["error_count"]
    return shown["success_count"], shown["error_count"], shown["error_items"]


async def test_the_sdk_identifies_and_deletes_users_in_bulk(sdk: AsyncKnock) -> None:
    made = await sdk.users.bulk.identify(users=[{"id": "ada", "name": "Ada"}, {"id": "bob"}])
    assert (made.name, made.status, made.success_count) == ("users.identify", "completed", 2)
    assert (await sdk.users.get("ada")).name == "Ada"
    gone = await sdk.users.bulk.delete(user_ids=["ada", "bob"])
    again = await sdk.bulk_operations.get(gone.id)
    assert (again.name, again.estimated_total_rows, again.completed_at) == (
        "users.delete",
        2,
        gone.completed_at,
    )
    with pytest.raises(NotFoundError):
        await sdk.users.get("ada")


async def test_the_sdk_sets_and_deletes_objects_and_tenants_in_bulk(sdk: AsyncKnock) -> None:
    await sdk.objects.bulk.set("projects", objects=[{"id": "p1", "name": "One"}])
    await sdk.tenants.bulk.set(tenants=["bare", {"id": "acme", "name": "Acme"}])
    assert (await sdk.objects.get("projects", "p1")).properties == {"name": "One"}
    assert {one.id for one in (await sdk.tenants.list()).entries} == {"bare", "acme"}
    await sdk.objects.bulk.delete("projects", object_ids=["p1"])
    await sdk.tenants.bulk.delete(tenant_ids=["bare", "acme"])
    assert not (await sdk.objects.list("projects")).entries
    assert not (await sdk.tenants.list()).entries


async def test_rows_merge_and_carry_preferences(client: Client) -> None:
    await client.put("/v1/users/ada", json={"name": "Ada", "plan": {"tier": 1}})
    rows: list[Any] = [
        {"id": "ada", "plan": {"seats": 2}, "preferences": {"default": {"channel_types": {"sms": False}}}},
        "bob",
        {"id": "bob", "name": "Bob"},
    ]
    assert await counted(client, "/v1/users/bulk/identify", json={"users": rows}) == (3, 0, [])
    found = await client.found("/v1/users", **{"include[]": "preferences"})
    by_id = {one["id"]: one for one in found["entries"]}
    assert by_id["ada"]["plan"] == {"tier": 1, "seats": 2}
    assert by_id["ada"]["preferences"]["default"]["channel_types"] == {"sms": False}
    assert by_id["bob"]["name"] == "Bob"


async def test_a_row_that_cannot_be_kept_fails_alone(client: Client) -> None:
    half = "x" * 140_000
    await client.put("/v1/objects/projects/full", json={"a": half})
    rows: list[Any] = [
        {"id": "fine", "name": "Fine"},
        {"id": "odd", "name": 7},
        {"id": "huge", "a": half + half},
        {"id": "full", "b": half, "channel_data": {"11111111-1111-4111-8111-111111111111": {"tokens": []}}},
    ]
    failed = [{"id": name, "collection": "projects"} for name in ("odd", "full", "huge")]
    assert await counted(client, "/v1/objects/projects/bulk/set", json={"objects": rows}) == (1, 3, failed)
    listed = [one["id"] for one in (await client.found("/v1/objects/projects"))["entries"]]
    assert listed == ["fine", "full"]
    assert (await client.found("/v1/objects/projects/full"))["properties"] == {"a": half}


async def test_whoever_is_not_there_cannot_be_deleted(client: Client) -> None:
    await client.put("/v1/users/ada")
    asked = {"user_ids": ["ada", "nobody", "ada"]}
    assert await counted(client, "/v1/users/bulk/delete", json=asked) == (1, 1, [{"id": "nobody"}])


@pytest.mark.rule("E-LIMITS-36")
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/users/bulk/identify", {"users": [{"id": "ada"}, {"name": "Bob"}]}, "users[1].id"),
        ("/v1/users/bulk/identify", {"users": [{"id": "a/b"}]}, "users[0].id"),
        ("/v1/users/bulk/identify", {"users": [7]}, "users[0]"),
        ("/v1/users/bulk/identify", {"users": [{"id": str(n)} for n in range(1001)]}, "users"),
        ("/v1/users/bulk/identify", {}, "users"),
        ("/v1/users/bulk/delete", {"user_ids": [str(n) for n in range(1001)]}, "user_ids"),
        ("/v1/objects/projects/bulk/set", {"objects": [{}]}, "objects[0].id"),
        ("/v1/objects/a%2Fb/bulk/set", {"objects": []}, "collection"),
        ("/v1/objects/projects/bulk/delete", {"object_ids": [7]}, "object_ids[0]"),
        ("/v1/tenants/bulk/set", {"tenants": ["two words"]}, "tenants[0].id"),
        ("/v1/tenants/bulk/delete", {}, "tenant_ids"),
    ],
)
async def test_a_call_that_names_nobody_clearly_is_refused(
    client: Client, path: str, body: Any, field: str
) -> None:
    told = await client.refused("POST", path, json=body)
    assert (told["status"], told["errors"][0]["field"]) == (422, field)
    assert (await client.found("/v1/users"))["entries"] == []


@pytest.mark.rule("E-LIMITS-36")
async def test_a_thousand_users_are_written_by_one_call(client: Client) -> None:
    users = [{"id": f"u{number}", "number": number} for number in range(1000)]
    assert await counted(client, "/v1/users/bulk/identify", json={"users": users}) == (1000, 0, [])
    assert (await client.found("/v1/users/u999"))["number"] == 999


async def test_operations_belong_to_their_environment(
    client: Client, app: FastAPI, stranger_key: str
) -> None:
    made = (await client.post("/v1/users/bulk/identify", json={"users": []})).json()
    async with client_of(app, stranger_key) as other:
        for operation_id in (made["id"], "no-uuid"):
            told = await other.refused("GET", f"/v1/bulk_operations/{operation_id}")
            assert (told["status"], told["code"]) == (404, "resource_missing")
