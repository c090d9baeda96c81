"""Subscriptions to many objects at once (E-SUBS-2)."""

from typing import Any

import pytest
from knockapi import AsyncKnock

from tests.api.conftest import Client
from tests.api.routes.test_subscriptions import who

ADD = "/v1/objects/projects/bulk/subscriptions/add"
DELETE = "/v1/objects/projects/bulk/subscriptions/delete"


@pytest.mark.rule("E-SUBS-2", "E-SUBS-3")
async def test_the_sdk_subscribes_and_unsubscribes_in_bulk(sdk: AsyncKnock) -> None:
    rows: list[Any] = [
        {"id": "p1", "recipients": [{"id": "ada", "name": "Ada"}, "bob"], "properties": {"role": "boss"}},
        {"id": "p2", "recipients": ["bob"], "properties": None},
    ]
    made = await sdk.objects.bulk.add_subscriptions("projects", subscriptions=rows)
    assert (made.status, made.success_count, made.error_count) == ("completed", 3, 0)
    assert made.id == (await sdk.bulk_operations.get(made.id)).id
    of_bob = (await sdk.users.list_subscriptions("bob")).entries
    assert {(one.object.id, str(one.properties)) for one in of_bob} == {
        ("p1", "{'role': 'boss'}"),
        ("p2", "None"),
    }
    assert (await sdk.users.get("ada")).name == "Ada"

    nobody: Any = {}
    gone = await sdk.objects.bulk.delete_subscriptions(
        "projects",
        subscriptions=[
            {"id": "p1", "recipients": [nobody, "bob", "eve"]},
            {"id": "p9", "recipients": ["bob"]},
        ],
    )
    assert (gone.success_count, gone.error_count) == (3, 1)
    assert gone.error_items is not None
    assert [(one.id, one.collection) for one in gone.error_items] == [("p1", "projects")]
    left = (await sdk.users.list_subscriptions("bob")).entries
    assert [one.object.id for one in left] == ["p2"]


@pytest.mark.rule("E-SUBS-2", "E-LIMITS-31")
@pytest.mark.parametrize(
    ("objects", "recipients"), [(101, 1), (1, 101), (51, 100)], ids=["objects", "recipients", "altogether"]
)
@pytest.mark.parametrize("path", [ADD, DELETE])
async def test_there_is_an_end_to_how_much_a_call_may_name(
    client: Client, path: str, objects: int, recipients: int
) -> None:
    people = [f"u{number}" for number in range(recipients)]
    body = {"subscriptions": [{"id": f"p{number}", "recipients": people} for number in range(objects)]}
    refused = await client.refused("POST", path, json=body)
    assert (refused["status"], refused["code"]) == (422, "invalid_params")


@pytest.mark.rule("E-SUBS-2", "E-LIMITS-31")
async def test_the_most_that_a_call_may_name_is_subscribed(client: Client) -> None:
    people = [f"u{number}" for number in range(50)]
    body = {"subscriptions": [{"id": f"p{number:02}", "recipients": people} for number in range(100)]}
    answer = (await client.post(ADD, json=body)).json()
    assert (answer["success_count"], answer["estimated_total_rows"]) == (5_000, 5_000)
    assert len(await who(client, "/v1/objects/projects/p99/subscriptions", page_size="50")) == 50
