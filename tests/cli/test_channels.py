"""`tocsin channels` as people run it, against a running API."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from dispatch.temporal import Temporal
from models.database import Database
from models.sealing import Sealer
from models.tables.channels import find_provider, seal_purpose
from models.values.providers import HIDDEN, PROVIDERS
from outbound.client import build_client
from tests.environments import TestEnvironment, make_environment
from tests.houses import SECRET, serving
from worker.assembly import Parts


class Keyboard:
    """Someone who works on one environment of a running API."""

    def __init__(self, url: str, environment: TestEnvironment) -> None:
        self.environment = environment
        self._known = {"TOCSIN_URL": url, "KNOCK_SERVICE_TOKEN": environment.service_token}

    async def run(
        self, *words: str, stdin: str | None = None, variables: dict[str, str] | None = None
    ) -> Result:
        environment = {**self._known, **(variables or {})}
        return await asyncio.to_thread(
            CliRunner().invoke, app, ["channels", *words], input=stdin, env=environment
        )

    async def here(
        self, *words: str, stdin: str | None = None, variables: dict[str, str] | None = None
    ) -> str:
        """What a command that succeeds in this environment prints."""
        words = (*words, "--environment", self.environment.slug)
        ended = await self.run(*words, stdin=stdin, variables=variables)
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    async def refused(self, *words: str) -> str:
        """What a command that fails says."""
        ended = await self.run(*words)
        assert (ended.exit_code, ended.stdout) == (1, "")
        assert ended.stderr.startswith("tocsin channels: ")
        return ended.stderr

    async def shown(self, key: str) -> dict[str, Any]:
        channel: dict[str, Any] = json.loads(await self.here("show", key, "--json"))
        return channel


@pytest.fixture(scope="module")
async def api(database: Database, temporal: Temporal) -> AsyncIterator[str]:
    http = build_client(["127.0.0.0/8"])
    async with serving(Parts(database=database, temporal=temporal, http=http, sealer=Sealer(SECRET))) as url:
        yield url
    await http.aclose()


@pytest.fixture
def keyboard(api: str, environment: TestEnvironment) -> Keyboard:
    return Keyboard(api, environment)


@pytest.fixture
def key() -> str:
    return f"mail-{uuid4().hex[:8]}"


POSTMARK = ("--provider", "email_postmark", "--set", "api_key=secret")


async def test_a_channel_is_made_shown_and_listed(keyboard: Keyboard, key: str) -> None:
    made = await keyboard.here("set", key, *POSTMARK, "--channel-set", "from_address=hi@example.com")
    assert made.splitlines()[0] == f"{key} ({key})"
    assert "hi@example.com" in made
    assert HIDDEN in made
    assert "secret" not in made
    assert await keyboard.here("show", key) == made
    listed = await keyboard.here("list")
    assert listed.split("\n")[0].split()[:4] == ["key", "type", "provider", "in"]
    assert [line.split() for line in listed.splitlines() if line.startswith(key)] == [
        [key, "email", "email_postmark", "set", "up,", "no", "driver", "yet", key]
    ]


async def test_a_list_says_what_each_channel_is_good_for(keyboard: Keyboard) -> None:
    listed = await keyboard.here("list")
    states = {line.split()[0]: line for line in listed.splitlines()}
    assert " ready " in states["in-app"]
    assert " development only " in states["sink-sms"]


async def test_secrets_come_from_stdin_a_file_or_the_environment(
    keyboard: Keyboard, key: str, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "key.txt"
    file.write_text("from a file")

    async def kept(*words: str, **given: Any) -> Any:
        await keyboard.here("set", key, "--provider", "email_resend", *words, **given)
        channel = await keyboard.shown(key)
        async with database.connection() as connection:
            row = await find_provider(connection, keyboard.environment.id, channel["id"])
        assert row is not None
        purpose = seal_purpose(channel["id"], keyboard.environment.id)
        return Sealer(SECRET).open(row["provider_settings"], purpose)["api_key"]

    assert await kept("--set", "api_key=-", stdin="from stdin\n") == "from stdin"
    assert await kept("--set", f"api_key=@{file}") == "from a file"
    assert await kept("--set", "api_key=a-${MY_KEY}", variables={"MY_KEY": "secret"}) == "a-secret"
    assert await kept("--settings", "-", stdin='{"api_key": "from json"}') == "from json"
    assert await kept("--set", "api_key={{ vars.key }}") == "{{ vars.key }}"


async def test_values_are_of_the_kind_that_a_setting_is(keyboard: Keyboard, key: str) -> None:
    await keyboard.here(
        "set", key, "--provider", "email_smtp", "--set", "host=h", "--set", "port=25", "--set", "username=7"
    )
    settings = (await keyboard.shown(key))["provider_settings"]
    assert (settings["port"], settings["username"]) == (25, "7")


async def test_channel_settings_change_one_by_one_and_provider_settings_stay(
    keyboard: Keyboard, key: str
) -> None:
    await keyboard.here("set", key, *POSTMARK, "--channel-set", "from_name=Us")
    await keyboard.here("set", key, "--name", "Post", "--channel-set", "open_tracking=true")
    channel = await keyboard.shown(key)
    assert channel["channel_settings"] == {"from_name": "Us", "open_tracking": True}
    assert (channel["name"], channel["is_valid"]) == ("Post", True)


async def test_a_channel_that_cannot_send_yet_is_told(keyboard: Keyboard, key: str) -> None:
    ended = await keyboard.run(
        "set", key, "--provider", "email_resend", "--environment", keyboard.environment.slug
    )
    assert ended.exit_code == 0
    assert "cannot send with it yet" in ended.stderr
    assert "not set up" in ended.stdout


async def test_sandbox_mode_is_switched(keyboard: Keyboard, key: str) -> None:
    await keyboard.here("set", key, *POSTMARK)
    said = await keyboard.here("sandbox", key, "on")
    assert said == f"{key}: sandbox mode is on in {keyboard.environment.slug}\n"
    assert (await keyboard.shown(key))["is_sandbox"]
    await keyboard.here("sandbox", key, "off")
    assert not (await keyboard.shown(key))["is_sandbox"]


async def test_conditions_are_set_and_removed(keyboard: Keyboard, key: str) -> None:
    await keyboard.here("set", key, *POSTMARK)
    wanted = {"all": [{"variable": "recipient.plan", "operator": "equal_to", "argument": "pro"}]}
    await keyboard.here("conditions", key, "-", stdin=json.dumps(wanted))
    assert (await keyboard.shown(key))["conditions"] == wanted
    await keyboard.here("conditions", key, "none")
    assert (await keyboard.shown(key))["conditions"] is None


async def test_settings_are_cloned(keyboard: Keyboard, key: str, database: Database) -> None:
    other = await make_environment(database, Sealer(SECRET))
    await keyboard.here("set", key, *POSTMARK)
    ended = await keyboard.run("clone", key, "--from", keyboard.environment.slug, "--to", other.slug)
    assert ended.stdout == f"{key}: {other.slug} has the settings of {keyboard.environment.slug}\n"
    there = (await keyboard.run("show", key, "--environment", other.slug)).stdout
    assert "set up, no driver yet" in there


async def test_a_channel_is_archived_after_a_question(keyboard: Keyboard, key: str) -> None:
    await keyboard.here("set", key, *POSTMARK)
    assert (await keyboard.run("archive", key, stdin="n\n")).exit_code == 1
    assert (await keyboard.shown(key))["key"] == key
    assert (await keyboard.run("archive", key, "--yes")).stdout == f"{key} is archived\n"
    told = await keyboard.refused("show", key, "--environment", keyboard.environment.slug)
    assert f'There is no channel "{key}"' in told


@pytest.mark.parametrize("provider", [one.id for one in PROVIDERS])
async def test_every_provider_says_what_it_needs(keyboard: Keyboard, provider: str) -> None:
    listed = (await keyboard.run("providers")).stdout
    told = (await keyboard.run("providers", provider)).stdout
    assert any(line.startswith(f"{provider} ") for line in listed.splitlines())
    assert f"({provider})" in told.splitlines()[0]


async def test_a_mistake_is_told_with_its_field(keyboard: Keyboard, key: str) -> None:
    mistakes = {
        ("set", key): "a new one needs --provider",
        ("set", key, "--provider", "email_pigeon"): 'no provider "email_pigeon"',
        ("set", key, "--provider", "email_resend", "--set", "colour=red"): "known are api_key",
        ("set", key, "--provider", "email_resend", "--set", "api_key"): "write name=value",
        ("set", key, "--provider", "email_resend", "--set", "api_key=${NOT_SET_AT_ALL}"): "is not set",
        ("set", key, "--provider", "email_resend", "--set", "api_key=@/no/such/file"): "cannot be read",
        (
            "set",
            key,
            "--provider",
            "email_smtp",
            "--set",
            "port=25",
        ): "provider_settings.host: Field required",
        ("set", key, "--provider", "email_smtp", "--set", "port=high"): 'port must be number, not "high"',
        ("set", key, *POSTMARK, "--settings", "x.json"): "not with both",
        (
            "set",
            key,
            "--provider",
            "email_mailjet",
            "--set",
            "api_key=-",
            "--set",
            "secret_key=-",
        ): "only one",
        ("sandbox", key, "perhaps"): "neither on nor off",
        ("sandbox", key, "on"): f'There is no channel "{key}"',
        ("list", "--environment", "nowhere"): 'There is no environment "nowhere"',
        ("providers", "pigeon"): 'no provider "pigeon"',
    }
    for words, said in mistakes.items():
        place = () if "--environment" in words or words[0] == "providers" else keyboard.environment.slug
        told = await keyboard.refused(*words, *(("--environment", place) if place else ()))
        assert said in told, words
