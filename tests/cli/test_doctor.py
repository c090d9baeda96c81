"""`tocsin doctor` finds what is planted, names the place and the fix, and leaves well alone."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from cli.embedded.ports import free_port
from cli.errors import CommandError
from cli.main import app
from cli.push import push
from dispatch.temporal import Temporal
from models.sealing import Sealer
from outbound.client import build_client
from tests.builders import email_step, in_app_step, workflow
from tests.houses import SECRET, serving
from tests.pipelines import Pipeline
from worker.assembly import Parts

Json = dict[str, Any]


@dataclass(frozen=True)
class Clinic:
    """A project folder, and the API of an account that is its own."""

    folder: Path
    url: str
    pipeline: Pipeline

    def write(self, path: str, content: Any) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    async def push(self) -> None:
        await asyncio.to_thread(push, self.folder, self.url, self.pipeline.token)

    async def doctor(self, *words: str) -> Result:
        where = ["--url", self.url, "--token", self.pipeline.token]
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, ["doctor", *words, *where]))

    async def found(self, *words: str) -> list[Json]:
        said = await self.doctor(*words, "--json")
        findings: list[Json] = json.loads(said.stdout)["findings"]
        assert said.exit_code == (1 if any(one["level"] == "error" for one in findings) else 0)
        return findings


@pytest.fixture
async def clinic(pipeline: Pipeline, temporal: Temporal, tmp_path: Path) -> AsyncIterator[Clinic]:
    http = build_client(["127.0.0.0/8"])
    parts = Parts(database=pipeline.database, temporal=temporal, http=http, sealer=Sealer(SECRET))
    async with serving(parts) as url:
        yield Clinic(tmp_path, url, pipeline)
    await http.aclose()


def toml(port: int) -> str:
    """Two channels whose server is away, one of them a sandbox in production; a webhook that is off."""
    channel = f"""
        name = "Mail"
        type = "email"
        provider = "email_smtp"
        channel_settings = {{ from_address = "a@example.com" }}
        provider_settings = {{ host = "127.0.0.1", port = {port}, tls = "none" }}
    """
    return f"""
        [channels.email]{channel}
        [environments.production.channels.email]{channel}
        is_sandbox = true
        [webhooks.audit]
        url = "https://example.com/hook"
        events = ["message.sent"]
        enabled = false
    """


def plant(clinic: Clinic) -> None:
    """Seven mistakes that lie in files."""
    sms = {"ref": "sms_1", "type": "channel", "channel_type": "sms", "channel_key": "twilioo"}
    agent = {"model": "openai:m", "request_prompt": "p", "response_type": "text"}
    mail = email_step(channel_key="email")
    mail["template"] = {
        "subject": "S",
        "html_body": "<p>",
        "settings": {"layout_key": "plain", "attachment_key": "files"},
    }
    steps = [
        {**sms, "template": {"text_body": "{{ vars.app_url }}"}},
        {"ref": "ai_agent_1", "type": "ai_agent", "settings": agent},
        mail,
    ]
    clinic.write("workflows/sick/workflow.json", workflow(*steps))
    clinic.write("workflows/off/workflow.json", workflow(in_app_step()))
    layout = {"name": "Plain", "html_layout": "{{ content }}", "text_layout": "{{ content }}"}
    clinic.write("layouts/plain/layout.json", layout)
    clinic.write("translations/de/de.json", {"hello": "Hallo"})
    clinic.write("tocsin.toml", toml(free_port()))


async def test_ten_planted_mistakes_are_all_found(clinic: Clinic) -> None:
    plant(clinic)
    await clinic.push()
    soon = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    key = {"kind": "secret", "environment": "production", "expires_at": soon}
    assert (await clinic.pipeline.call("POST", "/v1/tocsin/keys", key)).status_code == 201
    await clinic.pipeline.put("/v1/workflows/off/activate", {"status": False})
    archived = await clinic.pipeline.call("DELETE", "/v1/tocsin/content/email_layout/plain")
    assert archived.status_code == 200

    found = await clinic.found()

    planted = {
        ("no_channel", "development", 'workflow "sick"', "steps[0].channel_key"),
        ("missing_variable", "development", 'workflow "sick"', "steps[0].template.text_body"),
        ("not_run", "development", 'workflow "sick"', "steps[2].template.settings.attachment_key"),
        ("missing_content", "development", 'workflow "sick"', "steps[2].template.settings.layout_key"),
        ("inactive", "development", 'workflow "off"', ""),
        ("no_default_locale", "development", "translations", ""),
        ("unreachable_provider", "development", 'channel "email"', ""),
        ("sandbox", "production", 'channel "email"', ""),
        ("webhook_disabled", "development", 'webhook "audit"', ""),
    }
    seen = {(one["check"], one["environment"], one["about"], one["path"].rstrip(".")) for one in found}
    assert planted <= seen, planted - seen
    assert {one["about"][:10] for one in found if one["check"] == "key_expires"} == {"secret key"}
    assert all(one["fix"] and one["message"] for one in found)
    only = await clinic.found("--environment", "production")
    assert {one["environment"] for one in only} == {"production"}


async def test_a_project_is_looked_over_before_it_is_pushed(clinic: Clinic) -> None:
    plant(clinic)
    body = clinic.write("workflows/bad/body.md", "{{ vars.nowhere }}")
    step = in_app_step(template={"markdown_body@": "body.md"})
    clinic.write("workflows/bad/workflow.json", workflow(step))
    broken = clinic.write("partials/p/partial.json", "{")

    found = {(one["check"], one["file"]) for one in await clinic.found(str(clinic.folder))}

    sick = str(clinic.folder / "workflows/sick/workflow.json")
    assert {("no_channel", sick), ("missing_variable", sick), ("not_run", sick)} <= found
    assert ("missing_variable", str(body)) in found
    assert ("project", str(broken)) in found
    assert await clinic.pipeline.text("off") is None


async def test_what_is_well_is_left_alone(clinic: Clinic) -> None:
    clinic.write("workflows/fine/workflow.json", workflow(in_app_step(body="{{ vars.name }}")))
    clinic.write("translations/en/en.json", {"hello": "Hello"})
    clinic.write("tocsin.toml", '[variables]\nname = "Papermill"')
    before = await clinic.doctor(str(clinic.folder))
    await clinic.push()
    after = await clinic.doctor()
    said = "Nothing found: all is well.\n"
    assert (before.exit_code, before.output, after.exit_code, after.output) == (0, said, 0, said)


async def test_every_finding_is_printed_with_its_fix(clinic: Clinic) -> None:
    clinic.write("workflows/w/workflow.json", workflow(in_app_step(body="{{ vars.nowhere }}")))
    said = await clinic.doctor(str(clinic.folder))
    file = clinic.folder / "workflows/w/workflow.json"
    assert said.exit_code == 1
    where = f"{file} steps[0].template.markdown_body [development]"
    assert f'error: {where}: there is no variable "nowhere"' in said.output
    assert "\n  fix: tocsin variables set nowhere VALUE" in said.output
    assert said.output.endswith("1 errors, 0 warnings\n")


async def test_the_documented_project_file_is_taken(clinic: Clinic) -> None:
    page = (Path(__file__).parents[2] / "docs" / "projects.md").read_text()
    example = page.split("```toml\n")[1].split("```")[0]
    clinic.write("tocsin.toml", example.replace("${API_TOKEN}", "t").replace("${SMTP_PASSWORD}", "p"))
    await clinic.push()
    live = await clinic.pipeline.get("/v1/tocsin/variables/app_url", "production")
    assert live["value"] == "https://live.example.com"
    group = await clinic.pipeline.get("/v1/channel_groups/reach")
    assert [rule["channel"]["key"] for rule in group["channel_rules"]] == ["mail"]
    account = await clinic.pipeline.get("/v1/tocsin/account")
    assert (account["locale"], account["preferences"]["workflows"]) == ("de", {"newsletter": False})


async def test_what_a_push_refuses_of_tocsin_toml_is_found_with_its_place(clinic: Clinic) -> None:
    file = clinic.write(
        "tocsin.toml",
        """
        [account]
        timezone = "Mars"
        [preferences.channel_types]
        pigeon = true
        [environments.nowhere.variables]
        a = 1
        [webhooks.audit]
        url = "https://example.com/hook"
        events = ["message.flown"]
        """,
    )
    found = [one for one in await clinic.found(str(clinic.folder)) if one["check"] == "project"]
    assert {one["file"] for one in found} == {str(file)}
    sections = {one["path"].split(".")[0] for one in found}
    assert sections == {"account", "preferences", "environments", "webhooks"}
    with pytest.raises(CommandError) as refused:
        await clinic.push()
    assert all(f"{file}: {one['path']}: {one['message']}" in str(refused.value) for one in found)


async def test_channels_and_groups_of_the_project_are_judged_before_the_push(clinic: Clinic) -> None:
    clinic.write(
        "tocsin.toml",
        toml(free_port())
        + """
        [channels.half]
        name = "Half"
        type = "email"
        provider = "email_smtp"
        [channel_groups.mails]
        name = "Mails"
        channel_type = "email"
        channel_rules = [{ rule_type = "always", channel_key = "email" }]
        """,
    )
    steps = [
        email_step(ref="a", channel_key="half"),
        email_step(ref="b", channel_group_key="mails"),
    ]
    steps[1].pop("channel_key")
    clinic.write("workflows/w/workflow.json", workflow(*steps))

    found = await clinic.found(str(clinic.folder))

    seen = {(one["check"], one["environment"], one["about"], one["path"]) for one in found}
    assert ("channel_not_configured", "development", 'workflow "w"', "steps[0].channel_key") in seen
    assert ("sandbox", "production", 'channel "email"', "") in seen
    assert ("unreachable_provider", "development", 'channel "email"', "") in seen
    assert not [one for one in found if "mails" in one["message"]]


async def test_settings_of_channels_that_name_a_missing_variable_are_found(clinic: Clinic) -> None:
    clinic.write("tocsin.toml", toml(free_port()).replace('"a@example.com"', '"{{ vars.sender }}"'))
    where = ("missing_variable", 'channel "email"', "channel_settings.from_address")
    before = await clinic.found(str(clinic.folder))
    await clinic.push()
    after = await clinic.found()
    for found in (before, after):
        assert where in {(one["check"], one["about"], one["path"]) for one in found}


async def test_a_condition_on_a_secret_variable_is_found(clinic: Clinic) -> None:
    key = f"s_{uuid4().hex[:12]}"
    await clinic.pipeline.put(f"/v1/tocsin/variables/{key}", {"value": "hunter2", "type": "secret"})
    guard = {"variable": "data.token", "operator": "equal_to", "argument": f"vars.{key}"}
    step = in_app_step(conditions={"all": [guard]}, body=f"{{{{ vars.{key} }}}}")
    clinic.write("workflows/w/workflow.json", workflow(step))
    await clinic.push()
    found = [
        (one["about"], one["path"]) for one in await clinic.found() if one["check"] == "secret_in_condition"
    ]
    assert (await clinic.pipeline.call("DELETE", f"/v1/tocsin/variables/{key}")).status_code == 204
    assert found == [('workflow "w"', "steps[0].conditions.all[0].argument")]


async def test_a_channel_of_another_type_is_worded_as_a_push_words_it(clinic: Clinic) -> None:
    clinic.write("workflows/w/workflow.json", workflow(email_step(channel_key="late")))
    await clinic.push()
    feed = {"name": "Late", "type": "in_app_feed", "provider": "in_app_feed_knock"}
    await clinic.pipeline.put("/v1/tocsin/channels/late", feed)
    told = [one["message"] for one in await clinic.found() if one["check"] == "wrong_channel"]
    assert told == ['the channel "late" is of type in_app_feed; this needs email']


async def test_a_group_whose_channel_was_archived_is_found(clinic: Clinic) -> None:
    feed = {"name": "Bell", "type": "in_app_feed", "provider": "in_app_feed_knock"}
    await clinic.pipeline.put("/v1/tocsin/channels/bell", feed)
    rules = [{"rule_type": "always", "channel_key": "bell"}]
    group = {"name": "Bells", "channel_type": "in_app_feed", "channel_rules": rules}
    await clinic.pipeline.put("/v1/channel_groups/bells", {"channel_group": group})
    assert (await clinic.pipeline.call("DELETE", "/v1/tocsin/channels/bell")).status_code == 200
    told = [one["message"] for one in await clinic.found() if one["check"] == "archived_channel"]
    assert told == ['its rule 1 names the channel "bell", which was archived']


async def test_a_key_that_was_rotated_is_no_longer_told(clinic: Clinic) -> None:
    soon = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    body = {"kind": "secret", "environment": "production", "name": "old", "expires_at": soon}
    key = (await clinic.pipeline.call("POST", "/v1/tocsin/keys", body)).json()
    assert "key_expires" in {one["check"] for one in await clinic.found()}
    rotated = await clinic.pipeline.call("POST", f"/v1/tocsin/keys/{key['id']}/rotate")
    assert rotated.status_code == 201
    assert "key_expires" not in {one["check"] for one in await clinic.found()}


async def test_a_channel_setting_that_is_not_obeyed_is_told(clinic: Clinic) -> None:
    channel = {
        "name": "Bell",
        "type": "in_app_feed",
        "provider": "in_app_feed_knock",
        "channel_settings": {"link_tracking": True},
    }
    await clinic.pipeline.put("/v1/tocsin/channels/bell", channel)
    told = [(one["level"], one["about"], one["path"]) for one in await clinic.found()]
    assert told == [("warning", 'channel "bell"', "channel_settings.link_tracking")]
