from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.database import Database
from models.sealing import Sealer
from models.values.providers import HIDDEN
from tests.api.conftest import Client
from tests.environments import TestEnvironment, make_environment
from tests.houses import SECRET

POSTMARK = {
    "name": "Mail",
    "type": "email",
    "provider": "email_postmark",
    "provider_settings": {"api_key": "secret", "open_tracking": True},
    "channel_settings": {"from_address": "a@b.c"},
}
FIELDS = {
    "id",
    "key",
    "name",
    "type",
    "provider",
    "description",
    "custom_icon_url",
    "visible_in",
    "environment_settings",
    "created_at",
    "updated_at",
    "archived_at",
}


@pytest.fixture
def key() -> str:
    return f"mail-{uuid4().hex[:8]}"


async def made(manager: Client, key: str, **change: Any) -> dict[str, Any]:
    answer = await manager.put(f"/v1/tocsin/channels/{key}", json=POSTMARK | change)
    assert answer.status_code == 200, answer.text
    channel: dict[str, Any] = answer.json()
    return channel


async def test_a_channel_is_shown_with_the_settings_of_every_environment_without_secrets(
    manager: Client, key: str, environment: TestEnvironment, database: Database
) -> None:
    other = await make_environment(database, Sealer(SECRET))
    channel_id = (await made(manager, key))["id"]
    change = {"provider_settings": {"api_key": "{{ vars.postmark }}"}, "is_sandbox": True}
    await manager.put(f"/v1/tocsin/channels/{key}", json=change, params={"environment": other.slug})

    answer = await manager.get(f"/v1/channels/{key}")

    shown = answer.json()
    assert "secret" not in answer.text
    assert shown.keys() == FIELDS
    assert (shown["id"], shown["key"], shown["provider"]) == (channel_id, key, "email_postmark")
    assert (shown["visible_in"], shown["archived_at"]) == (["workflow", "broadcast"], None)
    settings = shown["environment_settings"]
    assert set(settings) == {environment.slug, other.slug}
    here, there = settings[environment.slug], settings[other.slug]
    assert UUID(here["id"]) != UUID(there["id"])
    assert (here["is_valid"], here["is_sandbox"], there["is_sandbox"]) == (True, False, True)
    assert here["channel_settings"] == {"from_address": "a@b.c"}
    assert here["provider_settings"] == {"api_key": HIDDEN, "open_tracking": True, "link_tracking": False}
    assert there["provider_settings"]["api_key"] == "{{ vars.postmark }}"
    assert datetime.fromisoformat(shown["created_at"]).tzinfo is not None


async def test_the_settings_of_an_environment_keep_their_id(manager: Client, key: str) -> None:
    await made(manager, key)
    first = (await manager.found(f"/v1/channels/{key}"))["environment_settings"]
    await made(manager, key, is_sandbox=True)
    assert (await manager.found(f"/v1/channels/{key}"))["environment_settings"].keys() == first.keys()


async def test_lists_leave_settings_out_unless_they_are_asked_for(manager: Client, key: str) -> None:
    channel_id = (await made(manager, key))["id"]
    plain = await manager.found("/v1/channels", id=channel_id)
    whole = await manager.found("/v1/channels", **{"id": channel_id, "include[]": "environment_settings"})
    assert [one["environment_settings"] for one in plain["entries"]] == [None]
    assert whole["entries"] == [await manager.found(f"/v1/channels/{key}")]
    assert plain["page_info"] == {"after": None, "before": None, "page_size": 50}


async def test_all_channels_are_listed_page_by_page_in_order_and_back(manager: Client, key: str) -> None:
    for number in range(3):
        await made(manager, f"{key}-{number}")
    found: list[str] = []
    after = None
    while True:
        page = await manager.found("/v1/channels", limit=4, **({"after": after} if after else {}))
        found += [one["key"] for one in page["entries"]]
        after = page["page_info"]["after"]
        if after is None:
            break
        assert len(page["entries"]) == page["page_info"]["page_size"] == 4
    assert found == sorted(set(found))
    assert {f"{key}-0", f"{key}-1", f"{key}-2", "sink-email", "in-app"} <= set(found)
    before = page["page_info"]["before"]
    previous = await manager.found("/v1/channels", limit=4, before=before)
    assert previous["entries"][-1]["key"] == found[found.index(page["entries"][0]["key"]) - 1]


async def test_an_archived_channel_is_listed_no_more(manager: Client, key: str) -> None:
    channel_id = (await made(manager, key))["id"]
    await manager.delete(f"/v1/tocsin/channels/{key}")
    assert (await manager.found("/v1/channels", id=channel_id))["entries"] == []
    assert (await manager.refused("GET", f"/v1/channels/{key}"))["status"] == 404


async def test_an_id_that_is_none_is_told(manager: Client) -> None:
    assert (await manager.refused("GET", "/v1/channels", params={"id": "x"}))["errors"][0]["field"] == "id"


async def test_a_limit_out_of_range_is_brought_into_it(manager: Client) -> None:
    assert (await manager.found("/v1/channels", limit=1000))["page_info"]["page_size"] == 100
    assert (await manager.found("/v1/channels", limit=0))["page_info"]["page_size"] == 50


async def test_only_service_tokens_see_channels(client: Client, stranger: Client) -> None:
    assert (await client.refused("GET", "/v1/channels"))["status"] == 403
    assert (await stranger.refused("GET", "/v1/channels/in-app"))["status"] == 401
