"""The commands that configure an account, as people run them against a running API."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from typer.testing import CliRunner

from cli.main import app
from dispatch.temporal import Temporal
from models.values.webhook_events import EVENTS
from tests.cli.keyboard import Keyboard, at_keyboard
from tests.houses import SECRET
from tests.pipelines import Pipeline


@pytest.fixture
async def tocsin(pipeline: Pipeline, temporal: Temporal) -> AsyncIterator[Keyboard]:
    async with at_keyboard(pipeline, temporal) as keyboard:
        yield keyboard


async def test_variables_are_set_listed_and_removed(tocsin: Keyboard) -> None:
    assert await tocsin.said("variables", "set", "app", "Acme") == "app is Acme as its base value\n"
    await tocsin.said("variables", "set", "app", "Acme dev", "--environment", "development")
    listed = (await tocsin.said("variables", "list")).splitlines()
    assert [line.split() for line in listed[1:]] == [
        ["app", "public", "base", "Acme"],
        ["development", "Acme", "dev"],
    ]
    assert "Acme dev" in await tocsin.said("variables", "list", "--environment", "development")
    await tocsin.said("variables", "remove", "app", "--environment", "development")
    assert "Acme dev" not in await tocsin.said("variables", "list")
    assert await tocsin.said("variables", "remove", "app", "--yes") == "app is removed\n"
    assert "no variable" in await tocsin.refused("variables", "remove", "app", "--yes")


@pytest.mark.parametrize(("value", "stdin"), [("-", "hunter2\n"), ("${STRIPE_KEY}", None)])
async def test_a_secret_comes_from_elsewhere_and_is_never_printed(
    tocsin: Keyboard, value: str, stdin: str | None
) -> None:
    said = await tocsin.said("variables", "set", "stripe", value, "--secret", stdin=stdin)
    assert said == "stripe is a secret as its base value\n"
    assert "hunter2" not in await tocsin.said("variables", "list")
    (row,) = await tocsin.pipeline.rows("SELECT value, sealed FROM variables WHERE key = 'stripe'")
    assert (row["value"], row["sealed"] is not None) == (None, True)


async def test_a_name_that_templates_cannot_read_is_told(tocsin: Keyboard) -> None:
    told = await tocsin.refused("variables", "set", "a-b", "x")
    assert told.startswith("tocsin variables: ")
    assert "letters, digits and underscores" in told


async def test_environments_are_made_changed_and_archived(tocsin: Keyboard) -> None:
    await tocsin.said("environments", "create", "staging", "--name", "Staging")
    await tocsin.said("environments", "create", "qa", "--before", "staging")
    listed = (await tocsin.said("environments", "list")).splitlines()[1:]
    assert [line.split()[0] for line in listed] == ["development", "qa", "staging", "production"]
    await tocsin.said("environments", "set", "qa", "--name", "Quality")
    assert "Quality" in await tocsin.said("environments", "list")
    assert "already" in await tocsin.refused("environments", "create", "qa")
    assert "no environment" in await tocsin.refused("environments", "set", "moon", "--name", "Moon")
    assert await tocsin.said("environments", "archive", "qa", "--yes") == "qa is archived\n"
    assert "stays" in await tocsin.refused("environments", "archive", "production", "--yes")


async def test_keys_are_made_for_an_environment_in_between(tocsin: Keyboard) -> None:
    await tocsin.said("environments", "create", "staging")
    url = tocsin.pipeline.database.url
    made = await asyncio.to_thread(
        CliRunner().invoke,
        app,
        ["keys", "create", "--kind", "secret", "--environment", "staging"],
        env={"DATABASE_URL": url, "TOCSIN_SECRET_KEY": SECRET},
    )
    headers = {"authorization": f"Bearer {made.stdout.strip()}"}
    assert (await tocsin.pipeline.http.get("/v1/messages", headers=headers)).status_code == 200


async def test_security_is_enhanced_once_there_is_a_signing_key(tocsin: Keyboard) -> None:
    assert "signing key" in await tocsin.refused("environments", "security", "production", "on")
    pem = await tocsin.said("keys", "signing", "create", "--environment", "production")
    assert load_pem_private_key(pem.encode(), None).key_size == 2048  # type: ignore[union-attr]  # it is RSA
    said = await tocsin.said("environments", "security", "production", "on")
    assert said == "production: enhanced security is on\n"
    key_id = (await tocsin.said("keys", "signing", "list", "--environment", "production")).split()[4]
    last = await tocsin.refused("keys", "signing", "revoke", key_id, "--environment", "production")
    assert "last active key" in last


async def test_a_public_half_is_imported_from_a_file(tocsin: Keyboard, tmp_path: Path) -> None:
    file = tmp_path / "public.pem"
    file.write_text("nonsense")
    assert "public key in PEM" in await tocsin.refused("keys", "signing", "import", str(file))
    assert "cannot be read" in await tocsin.refused("keys", "signing", "import", str(tmp_path / "none.pem"))


async def test_the_account_is_changed_and_shown(tocsin: Keyboard) -> None:
    await tocsin.said("account", "set", "--name", "Acme, Inc.", "--timezone", "Europe/Berlin")
    await tocsin.said("account", "branding", "primary_color=#1a2b3c", "tagline=Paper")
    said = await tocsin.said("account", "branding", "tagline=")
    assert said.split() == ["primary_color", "#1a2b3c"]
    shown = await tocsin.said("account", "show")
    assert all(text in shown for text in ("Acme, Inc.", "Europe/Berlin", "branding.primary_color"))
    assert "is not a time zone" in await tocsin.refused("account", "set", "--timezone", "Berlin")
    assert "name what to change" in await tocsin.refused("account", "set")


async def test_default_preferences_are_set_and_copied(tocsin: Keyboard) -> None:
    given = {"channel_types": {"sms": False}}
    said = await tocsin.said("account", "preferences", "-", stdin=json.dumps(given))
    assert json.loads(said) == given
    words = ("account", "preferences", "--environment", "production")
    assert json.loads(await tocsin.said(*words)) == {}
    assert json.loads(await tocsin.said(*words, "--from", "development")) == given
    assert json.loads(await tocsin.said(*words)) == given


async def test_a_webhooks_secret_stands_alone_on_stdout(tocsin: Keyboard) -> None:
    words = ("webhooks", "set", "crm", "--to", "https://crm.example/x", "--event", "message.sent")
    ended = await tocsin.run(*words)
    first = ended.stdout.removesuffix("\n")
    assert (ended.exit_code, len(first)) == (0, 43)
    assert first not in ended.stderr
    assert await tocsin.said("webhooks", "set", "crm", "--off") == ""
    assert (await tocsin.said("webhooks", "rotate", "crm")).strip() not in ("", first)
    listed = await tocsin.said("webhooks", "list")
    assert listed.splitlines()[1].split() == ["crm", "off", "https://crm.example/x", "message.sent"]
    assert await tocsin.said("webhooks", "remove", "crm", "--yes") == "crm is removed from development\n"
    assert (await tocsin.said("webhooks", "events")).split() == list(EVENTS)


async def test_a_key_is_rotated_and_expires_over_the_api(tocsin: Keyboard) -> None:
    old = tocsin.pipeline.secret_keys["production"]
    ended = await tocsin.run("keys", "rotate", old[-4:], "--overlap", "2")
    new = ended.stdout.removesuffix("\n")
    assert (ended.exit_code, new.startswith("sk_"), "2 more hours" in ended.stderr) == (0, True, True)
    said = await tocsin.said("keys", "expire", new[-4:], "--in-hours", "1")
    assert said.startswith(f"the secret key …{new[-4:]} of production expires at ")
    assert "see `tocsin keys list`" in await tocsin.refused("keys", "rotate", "none")


async def test_a_token_that_rotates_itself_goes_on_with_its_successor(tocsin: Keyboard) -> None:
    ended = await tocsin.run("keys", "rotate", tocsin.pipeline.token[-4:], "--overlap", "0")
    successor = ended.stdout.removesuffix("\n")
    assert (await tocsin.run("environments", "list")).exit_code == 1
    assert (await tocsin.run("environments", "list", token=successor)).exit_code == 0
