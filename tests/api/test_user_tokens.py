from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI

from tests.api.conftest import Client, client_of
from tests.api.rows import Rows
from tests.environments import TestEnvironment

KEYS = "/v1/tocsin/signing_keys"
FOREIGN = rsa.generate_private_key(65537, 2048)


def token(private_key: Any, sub: Any = "ada", headers: dict[str, Any] | None = None, **claims: Any) -> str:
    now = datetime.now(UTC)
    payload = {"sub": sub, "iat": now, "exp": now + timedelta(hours=1), **claims}
    kept = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(kept, private_key, algorithm="RS256", headers=headers)


async def signing_key(manager: Client) -> dict[str, Any]:
    answer = await manager.post(KEYS)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


async def enhance(manager: Client, environment: TestEnvironment, *, on: bool = True) -> None:
    answer = await manager.put(f"/v1/tocsin/environments/{environment.slug}", json={"enhanced_security": on})
    assert answer.status_code == 200


def browser(app: FastAPI, environment: TestEnvironment, user_token: str | None = None) -> Client:
    client = client_of(app, environment.public_key)
    if user_token is not None:
        client.headers["x-knock-user-token"] = user_token
    return client


def feed(environment: TestEnvironment, user_id: str = "ada") -> str:
    return f"/v1/users/{user_id}/feeds/{environment.feed_channel_id}"


async def test_with_enhanced_security_a_public_key_alone_opens_nothing(
    app: FastAPI, manager: Client, environment: TestEnvironment
) -> None:
    key = await signing_key(manager)
    await enhance(manager, environment)
    async with browser(app, environment) as client:
        told = await client.refused("GET", feed(environment))
    assert (told["status"], told["code"]) == (403, "missing_user_token")
    async with browser(app, environment, token(key["private_key"])) as client:
        await client.found(feed(environment))
    await enhance(manager, environment, on=False)
    async with browser(app, environment) as client:
        await client.found(feed(environment))


async def test_secret_keys_need_no_token(
    client: Client, manager: Client, environment: TestEnvironment
) -> None:
    await signing_key(manager)
    await enhance(manager, environment)
    assert (await client.found(feed(environment)))["entries"] == []


async def test_a_token_opens_its_own_users_paths_only(
    app: FastAPI, manager: Client, environment: TestEnvironment
) -> None:
    key = await signing_key(manager)
    async with browser(app, environment, token(key["private_key"])) as client:
        await client.found(feed(environment))
        told = await client.refused("GET", feed(environment, "bob"))
    assert (told["status"], told["code"]) == (403, "invalid_user_token")


async def test_a_token_reaches_its_own_users_messages_only(
    app: FastAPI, manager: Client, rows: Rows, environment: TestEnvironment
) -> None:
    key = await signing_key(manager)
    mine, theirs = await rows.item("ada"), await rows.item("bob")
    async with browser(app, environment, token(key["private_key"])) as client:
        assert (await client.put(f"/v1/messages/{mine}/seen")).status_code == 200
        assert (await client.refused("PUT", f"/v1/messages/{theirs}/seen"))["code"] == "resource_missing"
        assert (await client.refused("DELETE", f"/v1/messages/{theirs}/seen"))["code"] == "resource_missing"
        answer = await client.post("/v1/messages/batch/read", json={"message_ids": [mine, theirs]})
        assert [message["id"] for message in answer.json()] == [mine]
    found = await client_status(rows, theirs)
    assert found == {"seen_at": None, "read_at": None}


async def client_status(rows: Rows, message_id: str) -> dict[str, Any] | None:
    async with rows.database.connection() as connection:
        cursor = await connection.execute(
            "SELECT seen_at, read_at FROM messages WHERE environment_id = %s AND id = %s",
            (rows.place.id, message_id),
        )
        return await cursor.fetchone()


async def test_several_keys_sign_until_they_are_revoked(
    app: FastAPI, manager: Client, environment: TestEnvironment
) -> None:
    old, new = await signing_key(manager), await signing_key(manager)
    for key, headers in ((old, None), (new, None), (old, {"kid": old["id"]}), (new, {"kid": new["id"]})):
        async with browser(app, environment, token(key["private_key"], headers=headers)) as client:
            await client.found(feed(environment))
    await manager.post(f"{KEYS}/{old['id']}/revoke")
    for key, headers in ((old, None), (old, {"kid": old["id"]}), (new, {"kid": old["id"]})):
        async with browser(app, environment, token(key["private_key"], headers=headers)) as client:
            assert (await client.refused("GET", feed(environment)))["code"] == "invalid_user_token"


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"exp": datetime(2026, 1, 1, tzinfo=UTC)}, "expired"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "Subject"),
        ({"explicit_grants": True, "grants": {}}, "explicit_grants"),
        ({"grants": {"https://api.knock.app/v1/objects/$tenants/t1": {"user/read": [{}]}}}, "grants"),
    ],
)
async def test_a_token_that_says_too_little_or_too_much_is_refused(
    app: FastAPI, manager: Client, environment: TestEnvironment, claims: dict[str, Any], told: str
) -> None:
    key = await signing_key(manager)
    async with browser(app, environment, token(key["private_key"], **claims)) as client:
        refusal = await client.refused("GET", feed(environment))
    assert refusal["code"] == "invalid_user_token"
    assert told in refusal["message"]


async def test_grants_beyond_the_user_do_no_harm(
    app: FastAPI, manager: Client, environment: TestEnvironment
) -> None:
    key = await signing_key(manager)
    grants: dict[str, Any] = {"https://api.knock.app/v1/users/ada": {"user/read": []}}
    async with browser(app, environment, token(key["private_key"], grants=grants)) as client:
        assert (await client.found(feed(environment)))["entries"] == []


async def test_forged_tokens_are_refused(app: FastAPI, manager: Client, environment: TestEnvironment) -> None:
    key = await signing_key(manager)
    unsigned = jwt.encode({"sub": "ada"}, "", algorithm="none")
    # An attacker who signs symmetrically with the public half, which is no secret.
    head, body, _ = token(FOREIGN).split(".")
    symmetric = jwt.api_jws.PyJWS().encode(
        b'{"sub":"ada"}', "x" * 32, algorithm="HS256", headers={"typ": "JWT"}
    )
    for forged in (token(FOREIGN), unsigned, symmetric, f"{head}.{body}.", "a.b.c", "nonsense"):
        async with browser(app, environment, forged) as client:
            assert (await client.refused("GET", feed(environment)))["code"] == "invalid_user_token"
    assert "PRIVATE" not in str(await manager.found(KEYS))
    assert key["private_key"].startswith("-----BEGIN PRIVATE KEY-----")


async def test_a_token_of_another_environment_is_refused(
    app: FastAPI, manager: Client, environment: TestEnvironment
) -> None:
    await signing_key(manager)
    async with browser(app, environment, token(FOREIGN)) as client:
        assert (await client.refused("GET", feed(environment)))["code"] == "invalid_user_token"


async def test_without_any_signing_key_a_token_cannot_be_checked(
    app: FastAPI, environment: TestEnvironment
) -> None:
    async with browser(app, environment, token(FOREIGN)) as client:
        told = await client.refused("GET", feed(environment))
    assert (told["status"], told["code"]) == (403, "missing_jwt_signing_key")


async def test_a_pair_made_elsewhere_is_imported_by_its_public_half(
    app: FastAPI, manager: Client, environment: TestEnvironment
) -> None:
    pem = FOREIGN.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    made = (await manager.post(KEYS, json={"name": "ours", "public_key": pem.decode()})).json()
    assert (made["name"], made["private_key"], made["algorithm"]) == ("ours", None, "RS256")
    async with browser(app, environment, token(FOREIGN)) as client:
        await client.found(feed(environment))


PRIVATE = FOREIGN.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
SHORT = (
    rsa.generate_private_key(65537, 1024)
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


@pytest.mark.parametrize(
    ("pem", "told"),
    [("nonsense", "PEM"), (PRIVATE, "private"), (SHORT, "2048")],
    ids=["none", "private", "short"],
)
async def test_what_is_no_public_key_of_enough_bits_is_refused(manager: Client, pem: str, told: str) -> None:
    refusal = await manager.refused("POST", KEYS, json={"public_key": pem})
    assert (refusal["status"], refusal["errors"][0]["field"]) == (422, "public_key")
    assert told in refusal["message"]
    assert (await manager.found(KEYS))["entries"] == []


async def test_the_last_signing_key_stays_while_security_is_enhanced(
    manager: Client, environment: TestEnvironment
) -> None:
    key = await signing_key(manager)
    await enhance(manager, environment)
    assert (await manager.refused("POST", f"{KEYS}/{key['id']}/revoke"))["status"] == 422
    (entry,) = (await manager.found(KEYS))["entries"]
    assert entry["is_active"] is True
