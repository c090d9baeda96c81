from typing import Any
from uuid import uuid4

import pytest

from tests.api.conftest import Client
from tests.pipelines import Pipeline

SCHEMAS = "/v1/schemas"


def name() -> str:
    """The catalogue is the account's, which tests share."""
    return f"Näme {uuid4().hex[:8]}"


async def test_a_service_token_learns_who_it_is(pipeline: Pipeline) -> None:
    await pipeline.put("/v1/tocsin/account", {"name": "Acme, Inc.", "slug": "acme"})
    told = await pipeline.get("/v1/whoami")
    assert (told["type"], told["account_name"], told["account_slug"]) == (
        "service_token",
        "Acme, Inc.",
        "acme",
    )
    assert (told["user_id"], told["account_features"]["translations_allowed"]) == (None, True)
    assert told["service_token_name"] == f"Service token …{pipeline.token[-4:]}"
    assert len(told["account_features"]) == 19


async def test_a_tag_is_replaced_whole_and_deleted(manager: Client) -> None:
    path = f"/v1/tags/{name()}"
    tag = (await manager.put(path, json={"tag": {"color": "#3B82F6", "description": "Bills"}})).json()["tag"]
    assert (tag["color"], tag["description"]) == ("#3B82F6", "Bills")
    assert tag in (await manager.found("/v1/tags"))["entries"]
    again = (await manager.put(path, json={"tag": {"color": "#fff"}})).json()["tag"]
    assert (again["color"], again["description"], again["created_at"]) == ("#fff", None, tag["created_at"])
    assert (await manager.delete(path)).status_code == 204
    assert (await manager.refused("DELETE", path))["code"] == "resource_missing"
    told = await manager.refused("PUT", path, json={"tag": {"color": "blue"}})
    assert told["errors"][0]["field"] == "tag.color"


async def test_tags_are_listed_by_name(manager: Client) -> None:
    for tag in ("z" + name(), "a" + name()):
        assert (await manager.put(f"/v1/tags/{tag}")).status_code == 200
    names = [one["name"] for one in (await manager.found("/v1/tags"))["entries"]]
    assert names == sorted(names)


async def test_a_category_is_made_once_and_comes_back_after_it_was_archived(manager: Client) -> None:
    category = name()
    path = f"/v1/preference_categories/{category}"
    made = (await manager.put(path, json={})).json()["preference_category"]
    assert (made["name"], made["archived_at"]) == (category, None)
    assert (await manager.put(path)).json()["preference_category"] == made
    assert (await manager.delete(path)).status_code == 204
    entries = (await manager.found("/v1/preference_categories"))["entries"]
    assert category not in [one["name"] for one in entries]
    assert (await manager.refused("DELETE", path))["status"] == 404
    back = (await manager.put(path)).json()["preference_category"]
    assert (back["archived_at"], back["created_at"]) == (None, made["created_at"])


async def test_a_schema_only_grows(manager: Client) -> None:
    plan = {"key": "plan", "type": "string", "preview_text": "Enterprise"}
    await manager.put(f"{SCHEMAS}/user", json={"properties": [plan, {"key": "seats", "type": "number"}]})
    shown = (
        await manager.put(f"{SCHEMAS}/user", json={"properties": [{"key": "plan", "visible": False}]})
    ).json()
    assert [one["key"] for one in shown["properties"]] == ["plan", "seats"]
    assert shown["properties"][0] == {
        "key": "plan",
        "type": "string",
        "item_type": None,
        "description": None,
        "preview_text": "Enterprise",
        "visible": False,
    }
    assert await manager.found(f"{SCHEMAS}/user") == shown
    # What was read can be sent back.
    assert (await manager.put(f"{SCHEMAS}/user", json=shown)).json() == shown


async def test_objects_have_a_schema_for_each_collection(manager: Client) -> None:
    body = {"properties": [{"key": "owner", "type": "user"}]}
    for query in ({"collection": "projects"}, {"item_id": "repos"}):
        answer = await manager.put(f"{SCHEMAS}/object", json=body, params={**manager.params, **query})
        assert answer.status_code == 200
    listed = (await manager.found(SCHEMAS, **manager.params))["entries"]
    items = [(one["item_type"], one["item_id"]) for one in listed]
    assert items == [("user", None), ("tenant", None), ("object", "projects"), ("object", "repos")]
    some = (await manager.found(SCHEMAS, **manager.params, item_type="tenant"))["entries"]
    assert [one["item_type"] for one in some] == ["tenant"]
    told = await manager.refused("GET", f"{SCHEMAS}/object")
    assert (told["status"], told["errors"][0]["field"]) == (422, "collection")


async def test_validating_a_schema_keeps_nothing(manager: Client) -> None:
    answer = await manager.put(f"{SCHEMAS}/tenant/validate", json={"properties": [{"key": "plan"}]})
    assert [one["key"] for one in answer.json()["properties"]] == ["plan"]
    assert (await manager.found(f"{SCHEMAS}/tenant"))["properties"] == []


@pytest.mark.parametrize(
    ("item", "body", "field"),
    [
        ("users", {"properties": []}, "item_type"),
        ("user", {"properties": [{"type": "string"}]}, "properties[0].key"),
        ("user", {"properties": [{"key": "a", "typ": "x"}]}, "properties[0].typ"),
        ("user", {"properties": [{"key": "a"}, {"key": "a"}]}, "properties"),
        ("user", {"propertys": []}, "properties"),
    ],
)
async def test_what_is_no_schema_is_refused_by_its_place(
    manager: Client, item: str, body: dict[str, Any], field: str
) -> None:
    told = await manager.refused("PUT", f"{SCHEMAS}/{item}", json=body)
    assert (told["status"], told["errors"][0]["field"]) == (422, field)
