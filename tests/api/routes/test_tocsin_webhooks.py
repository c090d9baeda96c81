from typing import Any

import pytest

from models.database import Database
from models.sealing import Sealer
from models.tables.webhook_endpoints import seal_purpose
from tests.api.conftest import Client
from tests.environments import TestEnvironment
from tests.houses import SECRET
from tests.pipelines import Pipeline

PATH = "/v1/tocsin/webhooks"
ENDPOINT = {"url": "https://hooks.acme.example/tocsin", "events": ["message.sent", "message.bounced"]}


async def stored_secret(database: Database, environment: TestEnvironment, key: str) -> str:
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT id, signing_secret FROM webhook_endpoints WHERE environment_id = %s AND key = %s",
            (environment.id, key),
        )
        row = await cursor.fetchone()
    assert row is not None
    opened: str = Sealer(SECRET).open(bytes(row["signing_secret"]), seal_purpose(row["id"]))
    return opened


async def test_an_endpoints_secret_is_shown_when_it_is_made_and_never_again(
    manager: Client, database: Database, environment: TestEnvironment
) -> None:
    made = (await manager.put(f"{PATH}/main", json=ENDPOINT)).json()
    secret = made.pop("signing_secret")
    assert await stored_secret(database, environment, "main") == secret
    assert (made["enabled"], made["events"]) == (True, ["message.bounced", "message.sent"])
    assert made["signing_secret_hint"] == secret[-4:]
    assert await manager.found(f"{PATH}/main") == made
    assert (await manager.found(PATH))["entries"] == [made]
    again = (await manager.put(f"{PATH}/main", json={"enabled": False})).json()
    assert (again["signing_secret"], again["enabled"], again["url"]) == (None, False, ENDPOINT["url"])
    assert await stored_secret(database, environment, "main") == secret


async def test_a_secret_is_rotated_or_brought_along(
    manager: Client, database: Database, environment: TestEnvironment
) -> None:
    await manager.put(f"{PATH}/main", json=ENDPOINT)
    new = (await manager.post(f"{PATH}/main/rotate_secret")).json()["signing_secret"]
    assert await stored_secret(database, environment, "main") == new
    ours = "a secret of our own making"
    answer = await manager.put(f"{PATH}/main", json={"signing_secret": ours})
    assert ours not in answer.text
    assert await stored_secret(database, environment, "main") == ours


async def test_a_deleted_endpoint_is_gone(manager: Client) -> None:
    await manager.put(f"{PATH}/main", json=ENDPOINT)
    assert (await manager.delete(f"{PATH}/main")).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await manager.refused(method, f"{PATH}/main"))["code"] == "resource_missing"


async def test_validating_keeps_nothing_and_shows_no_secret(manager: Client) -> None:
    answer = await manager.put(f"{PATH}/main/validate", json=ENDPOINT)
    assert (answer.status_code, "signing_secret" in answer.json()) == (200, False)
    assert (await manager.found(PATH))["entries"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "https://a.example"}, "events"),
        (ENDPOINT | {"url": "http://a.example"}, "url"),
        (ENDPOINT | {"url": "http://localhost:1"}, "url"),
        (ENDPOINT | {"url": "https://user:pw@a.example"}, "url"),
        (ENDPOINT | {"url": "ftp://a.example"}, "url"),
        (ENDPOINT | {"url": "https://[::1"}, "url"),
        (ENDPOINT | {"events": []}, "events"),
        (ENDPOINT | {"events": ["message.created"]}, "events"),
        (ENDPOINT | {"signing_secret": "short"}, "signing_secret"),
    ],
)
async def test_what_cannot_be_posted_to_is_refused(manager: Client, body: dict[str, Any], field: str) -> None:
    told = await manager.refused("PUT", f"{PATH}/main", json=body)
    assert (told["status"], told["errors"][0]["field"]) == (422, field)
    assert (await manager.found(PATH))["entries"] == []


@pytest.mark.parametrize("url", ["http://localhost:4000/x", "http://127.0.0.1/x", "http://[::1]:9/x"])
async def test_this_machines_own_addresses_need_no_https_in_development(pipeline: Pipeline, url: str) -> None:
    assert (await pipeline.put(f"{PATH}/local", ENDPOINT | {"url": url}))["url"] == url
    answer = await pipeline.call("PUT", f"{PATH}/local", ENDPOINT | {"url": url}, "production")
    assert answer.status_code == 422
