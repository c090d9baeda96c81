from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI

from api.settings import ApiSettings
from models.database import Database
from models.ids import new_uuid
from models.tables.keys import digest_of
from tests.api.conftest import Client, client_of
from tests.environments import TestEnvironment


async def test_a_call_without_a_key_is_told_to_send_one(stranger: Client) -> None:
    told = await stranger.refused("GET", "/v1/messages")
    assert (told["status"], told["code"], told["type"]) == (401, "api_key_missing", "authentication_error")
    assert "Authorization: Bearer" in told["message"]


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer ", "abc"])
async def test_a_header_without_a_bearer_key_counts_as_no_key(stranger: Client, header: str) -> None:
    told = await stranger.refused("GET", "/v1/messages", headers={"authorization": header})
    assert told["code"] == "api_key_missing"


async def test_an_unknown_key_is_refused_whatever_its_prefix(app: FastAPI) -> None:
    async with client_of(app, "sk_test_nobody_knows") as client:
        told = await client.refused("GET", "/v1/messages")
    assert (told["status"], told["code"]) == (401, "authentication_required")


async def insert_key(
    database: Database, settings: ApiSettings, environment: TestEnvironment, key: str, **times: datetime
) -> None:
    async with database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO api_keys
                (id, environment_id, kind, digest, hint, is_development, expires_at, revoked_at, inserted_at)
            VALUES (%s, %s, 'secret', %s, '', false, %s, %s, %s)
            """,
            (
                new_uuid(),
                environment.id,
                digest_of(key, settings.secret_key.get_secret_value()),
                times.get("expires_at"),
                times.get("revoked_at"),
                datetime.now(UTC),
            ),
        )


async def test_an_expired_key_says_when_it_expired(
    app: FastAPI, database: Database, settings: ApiSettings, environment: TestEnvironment
) -> None:
    key = f"expired of {environment.slug}"
    await insert_key(database, settings, environment, key, expires_at=datetime(2026, 1, 1, tzinfo=UTC))
    async with client_of(app, key) as client:
        told = await client.refused("GET", "/v1/messages")
    assert (told["status"], told["code"]) == (401, "api_key_expired")
    assert "2026-01-01" in told["message"]


async def test_a_key_works_until_it_expires(
    app: FastAPI, database: Database, settings: ApiSettings, environment: TestEnvironment
) -> None:
    key = f"My API Key of {environment.slug}"
    await insert_key(database, settings, environment, key, expires_at=datetime.now(UTC) + timedelta(hours=1))
    async with client_of(app, key) as client:
        assert (await client.get("/v1/messages")).status_code == 200


async def test_a_revoked_key_is_unknown(
    app: FastAPI, database: Database, settings: ApiSettings, environment: TestEnvironment
) -> None:
    key = f"revoked of {environment.slug}"
    await insert_key(database, settings, environment, key, revoked_at=datetime.now(UTC))
    async with client_of(app, key) as client:
        assert (await client.refused("GET", "/v1/messages"))["code"] == "authentication_required"


async def test_a_public_key_reads_feeds_but_not_the_list_of_messages(
    app: FastAPI, environment: TestEnvironment
) -> None:
    async with client_of(app, environment.public_key) as client:
        assert (await client.get(f"/v1/users/ada/feeds/{environment.feed_channel_id}")).status_code == 200
        told = await client.refused("GET", "/v1/messages")
    assert (told["status"], told["code"]) == (403, "incorrect_token_type")
    assert told["message"] == "This endpoint takes a secret key, not a public one."


async def test_management_takes_service_tokens_only(client: Client) -> None:
    told = await client.refused("GET", "/v1/tocsin/variables")
    assert (told["status"], told["code"]) == (403, "incorrect_token_type")


async def test_the_public_api_takes_no_service_token(app: FastAPI, environment: TestEnvironment) -> None:
    async with client_of(app, environment.service_token) as client:
        assert (await client.refused("GET", "/v1/users/ada"))["code"] == "incorrect_token_type"


async def test_management_of_an_environment_that_does_not_exist_is_refused(manager: Client) -> None:
    told = await manager.refused("GET", "/v1/tocsin/variables", params={"environment": "moon"})
    assert (told["status"], told["code"]) == (404, "resource_missing")
    assert '"moon"' in told["message"]
