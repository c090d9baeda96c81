from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from models.database import Database
from models.sealing import Sealer
from models.tables.variables import seal_purpose
from tests.api.conftest import Client, client_of
from tests.environments import TestEnvironment, make_environment
from tests.houses import SECRET

PATH = "/v1/tocsin/variables"


@pytest.fixture
def key() -> str:
    """Variables are the account's, which tests share."""
    return f"v_{uuid4().hex[:12]}"


@pytest.fixture
async def account(app: FastAPI, environment: TestEnvironment) -> AsyncIterator[Client]:
    """A manager who names no environment."""
    async with client_of(app, environment.service_token) as client:
        yield client


@pytest.fixture
async def neighbour(database: Database) -> TestEnvironment:
    return await make_environment(database, Sealer(SECRET))


@pytest.mark.parametrize("value", ["1e999", r'"a\u0000b"', r'["a\ud800"]', r'{"\u0000": 1}'])
async def test_a_value_that_cannot_be_stored_is_refused(manager: Client, key: str, value: str) -> None:
    body = f'{{"value": {value}}}'.encode()
    for path in (f"{PATH}/{key}", f"{PATH}/{key}/validate"):
        assert (await manager.put(path, content=body)).status_code == 422
    assert (await manager.get(f"{PATH}/{key}")).status_code == 404


async def entry(client: Client, key: str, path: str = PATH, **params: Any) -> dict[str, Any] | None:
    after = None
    while True:
        page = await client.found(path, **params, **({"after": after} if after else {}))
        for one in page["entries"]:
            if one["key"] == key:
                found: dict[str, Any] = one
                return found
        after = page["page_info"]["after"]
        if after is None:
            return None


@pytest.mark.parametrize(
    ("given", "text", "value"),
    [
        ("Acme", "Acme", "Acme"),
        ("007", "007", "007"),
        ("12", "12", 12),
        (12, "12", 12),
        ([1], "[1]", [1]),
        # Postgres could not keep what these would mean.
        ("1e400", "1e400", "1e400"),
        (r'"a\u0000b"', r'"a\u0000b"', r'"a\u0000b"'),
    ],
)
async def test_a_variable_is_kept_as_text_and_means_json(
    manager: Client, key: str, given: Any, text: str, value: Any
) -> None:
    shown = (await manager.put(f"{PATH}/{key}", json={"value": given})).json()
    assert (shown["key"], shown["text"], shown["value"], shown["type"]) == (key, text, value, "public")
    assert await manager.found(f"{PATH}/{key}") == shown
    assert await entry(manager, key, environment=manager.params["environment"]) == shown


async def test_a_variable_is_replaced(manager: Client, key: str) -> None:
    for value in ("a", "b"):
        await manager.put(f"{PATH}/{key}", json={"value": value})
    assert (await manager.found(f"{PATH}/{key}"))["text"] == "b"


@pytest.mark.rule("E-VARS-1")
async def test_an_environments_own_value_wins_until_it_is_taken_away(
    manager: Client, account: Client, key: str
) -> None:
    await account.put(f"{PATH}/{key}", json={"value": "base", "description": "A test"})
    assert (await manager.found(f"{PATH}/{key}"))["text"] == "base"
    own = (await manager.put(f"{PATH}/{key}", json={"value": "own"})).json()
    assert (own["text"], own["is_override"], own["description"]) == ("own", True, "A test")
    assert (await account.found(f"{PATH}/{key}"))["text"] == "base"
    assert (await manager.delete(f"{PATH}/{key}")).status_code == 204
    assert (await manager.found(f"{PATH}/{key}"))["text"] == "base"
    assert (await manager.refused("DELETE", f"{PATH}/{key}"))["code"] == "resource_missing"


async def test_a_variable_without_a_value_here_is_not_listed_here(
    manager: Client, neighbour: TestEnvironment, key: str
) -> None:
    there = {"environment": neighbour.slug}
    await manager.put(f"{PATH}/{key}", json={"value": "theirs"}, params=there)
    assert await entry(manager, key, environment=manager.params["environment"]) is None
    assert (await manager.refused("GET", f"{PATH}/{key}"))["status"] == 404
    assert (await entry(manager, key, environment=neighbour.slug) or {})["text"] == "theirs"


async def test_a_deleted_variable_is_gone_everywhere(manager: Client, account: Client, key: str) -> None:
    await manager.put(f"{PATH}/{key}", json={"value": "own"})
    assert (await account.delete(f"{PATH}/{key}")).status_code == 204
    assert (await manager.refused("GET", f"{PATH}/{key}"))["status"] == 404


@pytest.mark.rule("E-VARS-1", "E-VARS-3")
async def test_a_secret_is_sealed_and_never_shown(
    manager: Client, account: Client, database: Database, environment: TestEnvironment, key: str
) -> None:
    answers = [
        await account.put(f"{PATH}/{key}", json={"value": "hunter2", "type": "secret"}),
        await manager.put(f"{PATH}/{key}", json={"value": "hunter3"}),
        await manager.get(f"{PATH}/{key}"),
        await manager.get(f"/v1/variables/{key}"),
        await manager.get("/v1/variables", params={"limit": 100}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert not any("hunter" in answer.text for answer in answers)
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT value, sealed FROM variable_overrides WHERE environment_id = %s AND key = %s",
            (environment.id, key),
        )
        row = await cursor.fetchone()
    assert row is not None
    assert row["value"] is None
    opened = Sealer(SECRET).open(bytes(row["sealed"]), seal_purpose(key, environment.id))
    assert opened == "hunter3"


async def test_a_public_variable_that_becomes_secret_leaves_no_value_in_the_clear(
    manager: Client, account: Client, database: Database, key: str
) -> None:
    await account.put(f"{PATH}/{key}", json={"value": "hunter2"})
    await manager.put(f"{PATH}/{key}", json={"value": "hunter3"})
    shown = (await account.put(f"{PATH}/{key}", json={"type": "secret"})).json()
    assert (shown["type"], shown["text"]) == ("secret", None)
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT value, sealed FROM variables WHERE key = %s UNION ALL "
            "SELECT value, sealed FROM variable_overrides WHERE key = %s",
            (key, key),
        )
        rows = await cursor.fetchall()
    assert [(row["value"], row["sealed"] is not None) for row in rows] == [(None, True)] * 2


async def test_a_secret_never_becomes_public(account: Client, key: str) -> None:
    await account.put(f"{PATH}/{key}", json={"value": "hunter2", "type": "secret"})
    told = await account.refused("PUT", f"{PATH}/{key}", json={"value": "x", "type": "public"})
    assert (told["status"], told["errors"][0]["field"]) == (422, "type")


async def test_validating_keeps_nothing(account: Client, key: str) -> None:
    answer = await account.put(f"{PATH}/{key}/validate", json={"value": [1, 2]})
    assert (answer.status_code, answer.json()["value"]) == (200, [1, 2])
    assert (await account.refused("GET", f"{PATH}/{key}"))["status"] == 404


@pytest.mark.rule("E-VARS-4")
@pytest.mark.parametrize("name", ["branding", "1st", "a-b", "a%20b"])
async def test_a_key_that_templates_could_not_use_is_refused(manager: Client, name: str) -> None:
    told = await manager.refused("PUT", f"{PATH}/{name}", json={"value": "x"})
    assert (told["status"], told["errors"][0]["field"]) == (422, "key")


@pytest.mark.rule("E-VARS-1")
@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "value"), ({"value": "x" * 70_000}, "value"), ({"value": 1, "type": "hidden"}, "type")],
)
async def test_what_cannot_be_a_variable_is_refused(
    manager: Client, key: str, body: dict[str, Any], field: str
) -> None:
    told = await manager.refused("PUT", f"{PATH}/{key}", json=body)
    assert (told["status"], told["errors"][0]["field"]) == (422, field)


async def test_a_variable_that_is_not_here_is_missing(manager: Client, key: str) -> None:
    assert (await manager.refused("GET", f"{PATH}/{key}"))["code"] == "resource_missing"


async def test_an_environment_that_is_not_there_is_missing(account: Client, key: str) -> None:
    told = await account.refused("PUT", f"{PATH}/{key}", json={"value": 1}, params={"environment": "moon"})
    assert told["status"] == 404
