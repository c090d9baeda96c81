from typing import Any
from uuid import uuid4

import pytest

from models.database import Database
from models.ids import new_uuid
from models.sealing import Sealer
from models.tables.channels import find_channel, find_provider, seal_purpose
from models.values.kinds import ChannelType
from models.values.providers import HIDDEN, SINK_OF
from tests.api.conftest import Client
from tests.development import as_development
from tests.environments import TestEnvironment, make_environment
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
    assert shown["provider_settings"]["password"] == HIDDEN
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
        ({"provider_settings": {"host": "{{ vars.x"}}, "provider_settings.host"),
        ({"channel_settings": {"sender": "a@b.c"}}, "channel_settings.sender"),
        ({"channel_settings": {"from_name": "{% if %}"}}, "channel_settings.from_name"),
        ({"channel_settings": {"from_name": "{{ a | nonsense }}"}}, "channel_settings.from_name"),
        ({"type": "sms"}, "provider"),
        ({"type": "carrier_pigeon"}, "type"),
        ({"provider": "email_pigeon"}, "provider"),
        ({"name": None}, "name"),
        ({"visible_in": ["kitchen"]}, "visible_in[0]"),
        ({"provider_settings": {**SMTP, "password": HIDDEN}}, "provider_settings.password"),
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


@pytest.fixture
async def other(database: Database) -> TestEnvironment:
    """A second environment of the account."""
    return await make_environment(database, Sealer(SECRET))


SENDGRID = {
    "name": "Mail",
    "type": "email",
    "provider": "email_sendgrid",
    "provider_settings": {"api_key": "SG.secret"},
}
BELL = {"name": "Bell", "type": "in_app_feed", "provider": "in_app_feed_knock"}
CONDITIONS = {"all": [{"variable": "recipient.plan", "operator": "equal_to", "argument": "pro"}]}


async def test_a_provider_that_is_not_built_is_checked_and_kept(manager: Client, path: str) -> None:
    shown = (await manager.put(path, json=SENDGRID)).json()
    assert (shown["is_valid"], shown["provider_settings"]["api_key"]) == (True, HIDDEN)
    change = {"provider_settings": {"api_key": "{{ vars.sendgrid }}"}}
    assert (await manager.put(path, json=change)).json()["provider_settings"][
        "api_key"
    ] == "{{ vars.sendgrid }}"
    told = await manager.refused("PUT", path, json={"provider_settings": {"link_tracking": True}})
    assert told["errors"][0]["field"] == "provider_settings.api_key"


async def test_what_is_not_named_stays(manager: Client, path: str) -> None:
    whole = email(
        channel_settings={"from_address": "a@b.c"},
        conditions=CONDITIONS,
        description="For receipts",
        visible_in=["workflow"],
    )
    before = (await manager.put(path, json=whole)).json()
    after = (await manager.put(path, json={"name": "Post"})).json()
    assert after == before | {"name": "Post", "updated_at": after["updated_at"]}
    after = (await manager.put(path, json={"conditions": None, "description": None})).json()
    assert (after["conditions"], after["description"]) == (None, None)
    assert after["channel_settings"] == before["channel_settings"]


async def test_a_new_channel_needs_a_name_a_type_and_a_provider(manager: Client, path: str) -> None:
    told = await manager.refused("PUT", path, json={"is_sandbox": True})
    assert [error["field"] for error in told["errors"]] == ["name", "type", "provider"]


async def test_the_accounts_part_can_be_made_before_any_environment_is_set_up(
    manager: Client, path: str, database: Database, environment: TestEnvironment
) -> None:
    shown = (await manager.put(path, json=email(provider_settings=None))).json()
    assert (shown["is_valid"], shown["provider_settings"]) == (False, {})
    async with database.connection() as connection:
        assert await find_channel(connection, environment.id, shown["key"]) is None
    told = await manager.refused("PUT", path, json={"is_sandbox": False})
    assert told["errors"][0]["field"] == "provider_settings.host"


async def test_only_a_sandbox_does_without_the_settings_its_provider_needs(
    manager: Client, path: str, database: Database, environment: TestEnvironment
) -> None:
    shown = (await manager.put(path, json=email(provider_settings=None, is_sandbox=True))).json()
    assert (shown["is_valid"], shown["is_sandbox"]) == (False, True)
    async with database.connection() as connection:
        found = await find_channel(connection, environment.id, shown["key"])
    assert found is not None
    assert found["is_sandbox"]
    told = await manager.refused("PUT", path, json={"is_sandbox": False})
    assert told["errors"][0]["field"] == "provider_settings.host"


async def test_in_app_channels_have_no_sandbox_mode(manager: Client, path: str) -> None:
    told = await manager.refused("PUT", path, json=BELL | {"is_sandbox": True})
    assert told["errors"][0]["field"] == "is_sandbox"


async def test_environments_keep_settings_apart(manager: Client, path: str, other: TestEnvironment) -> None:
    await manager.put(path, json=SENDGRID)
    there = await manager.found(path, environment=other.slug)
    assert (there["environment"], there["is_valid"], there["provider_settings"]) == (other.slug, False, {})
    await manager.put(path, json={"is_sandbox": True}, params={"environment": other.slug})
    assert not (await manager.found(path))["is_sandbox"]


async def test_a_channel_that_needs_nothing_works_in_every_environment(
    manager: Client, path: str, other: TestEnvironment, database: Database
) -> None:
    shown = (await manager.put(path, json=BELL)).json()
    there = await manager.found(path, environment=other.slug)
    assert (shown["is_valid"], there["is_valid"]) == (True, True)
    async with database.connection() as connection:
        found = await find_channel(connection, other.id, shown["key"])
        provider = await find_provider(connection, other.id, shown["id"])
    assert found is not None
    assert (found["is_sandbox"], found["conditions"], found["channel_settings"]) == (False, None, {})
    assert provider is not None
    assert (provider["provider"], provider["provider_settings"]) == ("in_app_feed_knock", None)


async def test_a_clone_has_the_settings_of_the_other_environment_secrets_included(
    manager: Client, path: str, environment: TestEnvironment, other: TestEnvironment, database: Database
) -> None:
    settings = {"channel_settings": {"from_address": "a@b.c"}, "conditions": CONDITIONS, "is_sandbox": True}
    before = (await manager.put(path, json=SENDGRID | settings)).json()

    answer = await manager.put(f"{path}/clone", json={"from": environment.slug, "to": other.slug})

    shown = answer.json()
    assert answer.status_code == 200
    same = ("channel_settings", "conditions", "is_sandbox", "provider_settings", "is_valid")
    assert {name: shown[name] for name in same} == {name: before[name] for name in same}
    async with database.connection() as connection:
        provider = await find_provider(connection, other.id, shown["id"])
    assert provider is not None
    purpose = seal_purpose(shown["id"], other.id)
    assert Sealer(SECRET).open(provider["provider_settings"], purpose)["api_key"] == "SG.secret"


async def test_a_clone_needs_settings_to_copy_and_environments_that_exist(
    manager: Client, path: str, environment: TestEnvironment, other: TestEnvironment
) -> None:
    body = {"from": environment.slug, "to": other.slug}
    assert (await manager.refused("PUT", f"{path}/clone", json=body))["status"] == 404
    await manager.put(path, json=email(provider_settings=None))
    assert (await manager.refused("PUT", f"{path}/clone", json=body))["errors"][0]["field"] == "from"
    told = await manager.refused("PUT", f"{path}/clone", json=body | {"to": "nowhere"})
    assert told["status"] == 404


async def test_validating_refuses_the_same_and_keeps_nothing(manager: Client, path: str) -> None:
    answer = await manager.put(f"{path}/validate", json=SENDGRID)
    assert (answer.status_code, answer.json()["is_valid"]) == (200, True)
    assert (await manager.get(path)).status_code == 404
    told = await manager.refused("PUT", f"{path}/validate", json=SENDGRID | {"provider_settings": {}})
    assert told["errors"][0]["field"] == "provider_settings.api_key"


async def test_an_archived_channel_is_gone_and_its_key_is_free(
    manager: Client, path: str, database: Database, environment: TestEnvironment
) -> None:
    first = (await manager.put(path, json=SENDGRID)).json()
    assert (await manager.delete(path)).json() == {"result": "success"}
    assert (await manager.get(path)).status_code == 404
    assert (await manager.delete(path)).status_code == 404
    async with database.connection() as connection:
        assert await find_provider(connection, environment.id, first["id"]) is None
    second = (await manager.put(path, json=BELL)).json()
    assert (second["key"], second["type"]) == (first["key"], "in_app_feed")
    assert second["id"] != first["id"]


async def test_an_archived_channel_comes_back_under_its_id(manager: Client, path: str) -> None:
    first = (await manager.put(path, json=SENDGRID)).json()
    await manager.delete(path)
    again = (await manager.put(path, json={"id": first["id"], "name": "Back"})).json()
    assert (again["id"], again["name"], again["is_valid"]) == (first["id"], "Back", True)


async def test_a_provider_changes_only_while_no_other_environment_sends_with_it(
    manager: Client, path: str, environment: TestEnvironment, other: TestEnvironment
) -> None:
    await manager.put(path, json=email())
    assert (await manager.put(path, json=SENDGRID)).json()["provider"] == "email_sendgrid"
    await manager.put(f"{path}/clone", json={"from": environment.slug, "to": other.slug})
    told = await manager.refused("PUT", path, json=email())
    assert told["errors"][0]["field"] == "provider"
    assert other.slug in told["message"]


async def test_the_settings_of_another_provider_are_not_kept(manager: Client, path: str) -> None:
    await manager.put(path, json=email())
    change = {"provider": "email_resend", "channel_settings": {}}
    told = await manager.refused("PUT", path, json=change)
    assert told["errors"][0]["field"] == "provider_settings.api_key"


@pytest.mark.parametrize("query", [{"environment": "nowhere"}])
async def test_an_unknown_environment_is_told(manager: Client, path: str, query: dict[str, str]) -> None:
    assert (await manager.refused("PUT", path, json=BELL, params=query))["status"] == 404


async def test_a_branch_has_no_channels_of_its_own(
    manager: Client, path: str, database: Database, environment: TestEnvironment
) -> None:
    slug = f"branch-{uuid4().hex[:8]}"
    async with database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO environments (id, slug, name, position, branch_of, inserted_at)
            VALUES (%s, %s, %s, 9, %s, now())
            """,
            (new_uuid(), slug, slug, environment.id),
        )
    told = await manager.refused("PUT", path, json=BELL, params={"environment": slug})
    assert told["errors"][0]["field"] == "environment"
    assert "is a branch" in told["message"]
    told = await manager.refused("PUT", path, json=BELL, params={"branch": slug})
    assert told["errors"][0]["field"] == "branch"


@pytest.mark.parametrize("channel_type", ChannelType)
async def test_every_instance_has_a_sink_of_each_type_that_works_in_development_only(
    manager: Client, environment: TestEnvironment, database: Database, channel_type: ChannelType
) -> None:
    sink = SINK_OF[channel_type]
    path = f"/v1/tocsin/channels/{sink.key}"
    here = await manager.found(path)
    async with as_development(database, environment), database.connection() as connection:
        there = await manager.found(path, environment="development")
        assert await find_channel(connection, environment.id, sink.key) is not None
        assert await find_provider(connection, environment.id, sink.channel_id) is not None
    assert (here["id"], here["provider"], here["name"]) == (str(sink.channel_id), sink.provider.id, sink.name)
    assert (here["type"], here["is_valid"], there["is_valid"]) == (channel_type, False, True)
    async with database.connection() as connection:
        assert await find_channel(connection, environment.id, sink.key) is None
        assert await find_provider(connection, environment.id, sink.channel_id) is None


async def test_a_sink_takes_no_settings_stays_in_development_and_is_never_archived(
    manager: Client, environment: TestEnvironment, database: Database, other: TestEnvironment
) -> None:
    path = "/v1/tocsin/channels/sink-sms"
    told = await manager.refused("PUT", path, json={"channel_settings": {}})
    assert told["errors"][0]["field"] == "provider"
    assert (await manager.refused("DELETE", path))["errors"][0]["field"] == "key"
    body = {"from": environment.slug, "to": other.slug}
    assert (await manager.refused("PUT", f"{path}/clone", json=body))["errors"][0]["field"] == "to"
    async with as_development(database, environment):
        query = {"environment": "development"}
        told = await manager.refused("PUT", path, json={"provider_settings": {"api_key": "k"}}, params=query)
    assert told["errors"][0]["field"] == "provider_settings.api_key"


async def test_a_secret_key_may_not_set_up_channels(client: Client, path: str) -> None:
    assert (await client.refused("PUT", path, json=BELL))["status"] == 403
    assert (await client.refused("DELETE", path))["status"] == 403
