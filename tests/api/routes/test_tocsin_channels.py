from typing import Any
from uuid import uuid4

import pytest

from models.database import Database
from models.ids import new_uuid
from models.sealing import Sealer
from models.tables.channels import seal_purpose
from tests.api.conftest import Client
from tests.environments import TestEnvironment
from tests.houses import SECRET

SMTP = {"host": "mail.example.com", "username": "me", "password": "hunter2"}


@pytest.fixture
def path() -> str:
    """Channels belong to the account: each test has its own key."""
    return f"/v1/tocsin/channels/mail-{uuid4().hex[:8]}"


def email(**fields: Any) -> dict[str, Any]:
    return {"name": "Mail", "type": "email", "provider": "email_smtp", "provider_settings": SMTP, **fields}


async def test_a_channel_is_shown_without_its_secrets(manager: Client, path: str) -> None:
    settings = {"from_address": "hi@example.com", "from_name": "{{ vars.name }}"}
    answer = await manager.put(path, json=email(channel_settings=settings))
    shown = answer.json()
    assert answer.status_code == 200
    assert shown["channel_settings"] == settings
    plain = {"host": "mail.example.com", "port": 587, "username": "me", "tls": "starttls"}
    assert plain.items() <= shown["provider_settings"].items()
    assert "password" not in shown["provider_settings"]
    assert (shown["is_valid"], shown["is_sandbox"], shown["conditions"]) == (True, False, None)
    assert await manager.found(path) == shown
    assert shown in (await manager.found("/v1/tocsin/channels"))["entries"]
    assert "hunter2" not in answer.text


async def test_the_worker_can_open_what_was_sealed(
    manager: Client, path: str, database: Database, environment: TestEnvironment
) -> None:
    shown = (await manager.put(path, json=email())).json()
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT channel_id, provider_settings FROM channel_settings WHERE channel_id = %s", (shown["id"],)
        )
        row = await cursor.fetchone()
    assert row is not None
    assert b"hunter2" not in row["provider_settings"]
    purpose = seal_purpose(row["channel_id"], environment.id)
    assert Sealer(SECRET).open(row["provider_settings"], purpose)["password"] == "hunter2"


async def test_settings_sealed_under_another_secret_make_a_channel_invalid(
    manager: Client, path: str, database: Database, environment: TestEnvironment
) -> None:
    shown = (await manager.put(path, json=email())).json()
    other = Sealer("another secret of this instance").seal(SMTP, seal_purpose(shown["id"], environment.id))
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE channel_settings SET provider_settings = %s WHERE channel_id = %s", (other, shown["id"])
        )
    broken = await manager.found(path)
    assert (broken["is_valid"], broken["provider_settings"]) == (False, {})


async def test_settings_that_are_not_given_again_stay(manager: Client, path: str) -> None:
    first = (await manager.put(path, json=email())).json()
    change = email(name="Post", provider_settings=None, is_sandbox=True)
    changed = (await manager.put(path, json=change)).json()
    assert (changed["name"], changed["is_sandbox"], changed["id"]) == ("Post", True, first["id"])
    assert changed["provider_settings"] == first["provider_settings"]


async def test_settings_that_are_given_replace_the_old_ones_whole(manager: Client, path: str) -> None:
    await manager.put(path, json=email())
    changed = (await manager.put(path, json=email(provider_settings={"host": "other", "tls": "none"}))).json()
    assert changed["provider_settings"]["username"] is None


async def test_a_channel_may_be_given_its_id_once(manager: Client, path: str) -> None:
    channel_id = str(new_uuid())
    assert (await manager.put(path, json=email(id=channel_id))).json()["id"] == channel_id
    assert (await manager.put(path, json=email(id=channel_id))).status_code == 200
    told = await manager.refused("PUT", path, json=email(id=str(new_uuid())))
    assert told["errors"][0]["field"] == "id"
    told = await manager.refused("PUT", f"{path}-2", json=email(id=channel_id))
    assert (told["status"], told["errors"][0]["field"]) == (422, "id")


async def test_a_feed_needs_nothing_from_a_provider(manager: Client, path: str) -> None:
    body = {"name": "Bell", "type": "in_app_feed", "provider": "in_app_feed_knock"}
    shown = (await manager.put(path, json=body)).json()
    assert (shown["is_valid"], shown["provider_settings"]) == (True, {})


async def test_conditions_are_kept_as_given(manager: Client, path: str) -> None:
    conditions = {"all": [{"variable": "recipient.plan", "operator": "equal_to", "argument": "pro"}]}
    assert (await manager.put(path, json=email(conditions=conditions))).json()["conditions"] == conditions


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"provider_settings": {}}, "provider_settings.host"),
        ({"provider_settings": {"host": "h", "port": 0}}, "provider_settings.port"),
        ({"provider_settings": {"host": "h", "timeout_seconds": 31}}, "provider_settings.timeout_seconds"),
        ({"provider_settings": {"host": "h", "colour": 1}}, "provider_settings.colour"),
        ({"channel_settings": {"sender": "a@b.c"}}, "channel_settings.sender"),
        ({"type": "sms"}, "type"),
        ({"type": "carrier_pigeon"}, "type"),
        ({"provider": "email_pigeon"}, "body"),
        ({"conditions": {"all": [{"variable": "a", "operator": "is_round"}]}}, "conditions.all[0].operator"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_mistake_is_named_by_its_path(
    manager: Client, path: str, change: dict[str, Any], field: str
) -> None:
    told = await manager.refused("PUT", path, json=email(**change))
    assert (told["status"], told["errors"][0]["field"]) == (422, field)
    assert (await manager.get(path)).status_code == 404


async def test_a_channel_keeps_its_type(manager: Client, path: str) -> None:
    await manager.put(path, json=email())
    body = {"name": "Bell", "type": "in_app_feed", "provider": "in_app_feed_knock"}
    assert (await manager.refused("PUT", path, json=body))["errors"][0]["field"] == "type"


async def test_a_key_is_written_in_lower_case(manager: Client) -> None:
    told = await manager.refused("PUT", "/v1/tocsin/channels/My%20Mail", json=email())
    assert told["errors"][0]["field"] == "key"
