from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from api.app import create_app
from api.settings import ApiSettings
from models.tables.keys import digest_of
from tests.api.conftest import client_of
from tests.houses import SECRET
from tests.pipelines import Pipeline

PATH = "/v1/tocsin/keys"


async def created(pipeline: Pipeline, **body: Any) -> dict[str, Any]:
    answer = await pipeline.http.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


async def status(pipeline: Pipeline, key: str, path: str = "/v1/messages") -> tuple[int, str]:
    answer = await pipeline.http.get(path, headers={"authorization": f"Bearer {key}"})
    return answer.status_code, answer.json().get("code", "")


async def listed(pipeline: Pipeline, **params: Any) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await pipeline.http.get(PATH, params=params)).json()["entries"]
    return entries


async def test_a_new_key_opens_its_environment_and_is_never_shown_again(pipeline: Pipeline) -> None:
    key = await created(pipeline, kind="secret", environment="production", name="billing")
    assert (key["name"], key["environment"], key["hint"]) == ("billing", "production", key["key"][-4:])
    assert await status(pipeline, key["key"]) == (200, "")
    assert key["key"] not in (await pipeline.http.get(PATH)).text
    (row,) = await pipeline.rows("SELECT digest FROM api_keys WHERE name = 'billing'")
    assert bytes(row["digest"]) == digest_of(key["key"], SECRET)


async def test_a_rotated_key_works_beside_its_successor_until_the_overlap_is_over(pipeline: Pipeline) -> None:
    old = await created(pipeline, kind="secret", environment="production", name="billing")
    answer = await pipeline.http.post(f"{PATH}/{old['id']}/rotate", json={"overlap_hours": 2})
    new = answer.json()
    assert answer.status_code == 201
    assert (new["name"], new["environment"], new["kind"]) == ("billing", "production", "secret")
    assert [await status(pipeline, one["key"]) for one in (old, new)] == [(200, "")] * 2
    (shown,) = [one for one in await listed(pipeline) if one["id"] == old["id"]]
    left = datetime.fromisoformat(shown["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=1.9) < left < timedelta(hours=2.1)


async def test_without_overlap_the_old_key_ends_at_once(pipeline: Pipeline) -> None:
    old = await created(pipeline, kind="public", environment="development")
    await pipeline.http.post(f"{PATH}/{old['id']}/rotate", json={"overlap_hours": 0})
    assert await status(pipeline, old["key"]) == (401, "api_key_expired")
    told = await pipeline.refused("POST", f"{PATH}/{old['id']}/rotate")
    assert (told["status"], told["errors"][0]["field"]) == (422, "id")


async def test_an_overlap_never_lengthens_a_keys_life(pipeline: Pipeline) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    key = await created(pipeline, kind="secret", environment="production", expires_at=soon.isoformat())
    await pipeline.http.post(f"{PATH}/{key['id']}/rotate", json={"overlap_hours": 48})
    (shown,) = [one for one in await listed(pipeline) if one["id"] == key["id"]]
    assert datetime.fromisoformat(shown["expires_at"]) == soon


async def test_an_expiry_is_set_ahead_and_not_behind(pipeline: Pipeline) -> None:
    key = await created(pipeline, kind="secret", environment="production")
    later = datetime.now(UTC) + timedelta(days=1)
    answer = await pipeline.http.post(f"{PATH}/{key['id']}/expire", json={"expires_at": later.isoformat()})
    assert datetime.fromisoformat(answer.json()["expires_at"]) == later
    past = {"expires_at": "2026-01-01T00:00:00Z"}
    assert (await pipeline.refused("POST", f"{PATH}/{key['id']}/expire", past))["status"] == 422


async def test_a_revoked_key_is_refused_and_stays_listed(pipeline: Pipeline) -> None:
    key = await created(pipeline, kind="secret", environment="development")
    assert (await pipeline.http.post(f"{PATH}/{key['id']}/revoke")).status_code == 200
    assert await status(pipeline, key["key"]) == (401, "authentication_required")
    (shown,) = [one for one in await listed(pipeline) if one["id"] == key["id"]]
    assert (shown["is_active"], shown["revoked_at"] is not None) == (False, True)


async def test_a_token_can_be_rotated_by_itself_but_not_revoked(pipeline: Pipeline) -> None:
    (own,) = [one for one in await listed(pipeline) if one["kind"] == "service"]
    told = await pipeline.refused("POST", f"{PATH}/{own['id']}/revoke")
    assert (told["status"], "rotate" in told["message"]) == (422, True)
    new = (await pipeline.http.post(f"{PATH}/{own['id']}/rotate")).json()
    assert await status(pipeline, new["key"], "/v1/whoami") == (200, "")


async def test_the_list_is_read_in_pages_and_by_environment(pipeline: Pipeline) -> None:
    everything = await listed(pipeline)
    assert {one["environment"] for one in everything} == {None, "development", "production"}
    assert {one["environment"] for one in await listed(pipeline, environment="production")} == {"production"}
    first = (await pipeline.http.get(PATH, params={"limit": 2})).json()
    rest = await listed(pipeline, after=first["page_info"]["after"])
    assert [one["id"] for one in first["entries"] + rest] == [one["id"] for one in everything]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"kind": "secret"}, 422, "environment"),
        ({"kind": "service", "environment": "production"}, 422, "environment"),
        ({"kind": "admin", "environment": "production"}, 422, "kind"),
        (
            {"kind": "secret", "environment": "production", "expires_at": "2026-01-01T00:00:00Z"},
            422,
            "expires_at",
        ),
        (
            {"kind": "secret", "environment": "production", "expires_at": "2030-01-01T00:00:00"},
            422,
            "expires_at",
        ),
    ],
)
async def test_what_cannot_be_a_key_is_refused(
    pipeline: Pipeline, body: dict[str, Any], status: int, field: str
) -> None:
    told = await pipeline.refused("POST", PATH, body)
    assert (told["status"], told["errors"][0]["field"]) == (status, field)


@pytest.mark.parametrize("act", ["nothing/revoke", "044cda31-d0b1-44e8-8330-e33f6ca3b394/rotate"])
async def test_a_key_that_is_not_there_is_missing(pipeline: Pipeline, act: str) -> None:
    assert (await pipeline.refused("POST", f"{PATH}/{act}"))["code"] == "resource_missing"


async def test_a_token_is_exchanged_for_a_secret_key_of_a_day(pipeline: Pipeline) -> None:
    answer = await pipeline.call("POST", "/v1/api_keys/exchange", None, "production")
    key = answer.json()["api_key"]
    assert answer.status_code == 200
    assert await status(pipeline, key) == (200, "")
    (shown,) = [one for one in await listed(pipeline, environment="production") if one["is_exchanged"]]
    left = datetime.fromisoformat(shown["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    assert (await pipeline.http.post("/v1/api_keys/exchange")).status_code == 422


async def test_exchanged_keys_that_expired_are_forgotten(pipeline: Pipeline) -> None:
    for _ in range(2):
        await pipeline.call("POST", "/v1/api_keys/exchange", None, "production")
        await pipeline.rows(
            "UPDATE api_keys SET expires_at = now() - interval '1 s' WHERE is_exchanged RETURNING id"
        )
    assert len(await pipeline.rows("SELECT id FROM api_keys WHERE is_exchanged")) == 1


async def test_keys_of_a_former_master_secret_still_open(pipeline: Pipeline) -> None:
    former = "sk_made_under_a_former_secret"
    await pipeline.rows(
        """
        INSERT INTO api_keys (id, environment_id, kind, digest, hint, is_development, inserted_at)
        SELECT gen_random_uuid(), id, 'secret', %s, 'cret', false, now() FROM environments
        WHERE slug = 'production' RETURNING id
        """,
        digest_of(former, "the former master secret"),
    )
    assert await status(pipeline, former) == (401, "authentication_required")
    settings = ApiSettings(
        database_url=pipeline.database.url,
        secret_key=SECRET,
        former_secret_keys=SecretStr("the one before, the former master secret"),
    )
    async with client_of(create_app(settings, database=pipeline.database), former) as client:
        await client.found("/v1/messages")
