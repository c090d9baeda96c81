"""A project folder on its way to a running API, from the author's chair."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner

from cli.embedded.ports import free_port
from cli.errors import CommandError
from cli.main import app
from cli.push import Pushed, Pushing, push
from dispatch.temporal import Temporal
from models.database import Database
from models.sealing import Sealer
from outbound.client import build_client
from tests.builders import email_step, in_app_step, workflow
from tests.cli.wrong_steps import WRONG
from tests.development import RENAME, as_development
from tests.environments import TestEnvironment
from tests.houses import SECRET, serving
from tests.runs import rows
from worker.assembly import Parts

VERSIONS = """
    SELECT key, number, content FROM resource_versions WHERE environment_id = %s ORDER BY type, key, number
"""
LEFT = """
    SELECT (SELECT count(*) FROM resources WHERE environment_id = %(id)s) AS resources,
           (SELECT count(*) FROM variables WHERE key = 'a') AS variables
"""


class Project:
    """A folder that is written by an author and pushed to a running API."""

    def __init__(self, folder: Path, url: str, environment: TestEnvironment, database: Database) -> None:
        self.folder = folder
        self.url = url
        self.environment = environment
        self._database = database

    def write(self, path: str, content: Any) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        given = content if isinstance(content, str | bytes) else json.dumps(content)
        file.write_bytes(given if isinstance(given, bytes) else given.encode())
        return file

    def write_workflow(self, key: str, *steps: Any) -> Path:
        return self.write(f"workflows/{key}/workflow.json", workflow(*steps))

    async def push(self, pushing: Pushing | None = None) -> Pushed:
        token = self.environment.service_token
        return await asyncio.to_thread(push, self.folder, self.url, token, pushing)

    async def refused(self, pushing: Pushing | None = None) -> str:
        """What the author is told; nothing was published or configured."""
        with pytest.raises(CommandError) as refused:
            await self.push(pushing)
        async with self._database.connection() as connection:
            cursor = await connection.execute(LEFT, {"id": self.environment.id})
            assert await cursor.fetchone() == {"resources": 0, "variables": 0}
        return str(refused.value)

    @asynccontextmanager
    async def elsewhere(self) -> AsyncIterator[str]:
        """The environment under another name: not the one that content is written in."""
        slug = f"env-{uuid4().hex[:8]}"
        async with self._database.connection() as connection:
            await connection.execute(RENAME, (slug, self.environment.id))
        yield slug
        async with self._database.connection() as connection:
            await connection.execute(RENAME, (self.environment.slug, self.environment.id))

    async def versions(self) -> dict[str, int]:
        found = await rows(self._database, VERSIONS, self.environment.id)
        return {row["key"]: row["number"] for row in found}  # the last version of each


@pytest.fixture(scope="module")
async def api(database: Database, temporal: Temporal) -> AsyncIterator[str]:
    http = build_client(["127.0.0.0/8"])
    async with serving(Parts(database=database, temporal=temporal, http=http, sealer=Sealer(SECRET))) as url:
        yield url
    await http.aclose()


@pytest.fixture
async def project(
    database: Database, environment: TestEnvironment, api: str, tmp_path: Path
) -> AsyncIterator[Project]:
    async with as_development(database, environment) as development:
        yield Project(tmp_path, api, development, database)


async def test_a_push_publishes_and_another_one_changes_nothing(project: Project) -> None:
    project.write_workflow("hello", in_app_step())
    project.write_workflow("bye", in_app_step())
    project.write("tocsin.toml", '[variables]\napp_name = "Papermill"\nurl = "${TOCSIN_URL}/x"')

    first, again = await project.push(), await project.push()

    both = ["workflow bye", "workflow hello"]
    assert (first.resources, first.committed) == (both, both)
    assert (again.resources, again.committed) == (both, [])
    assert first.settings == ["variables.app_name", "variables.url"]
    assert await project.versions() == {"bye": 1, "hello": 1}


async def test_channels_that_are_not_there_are_warned_of_with_file_and_path(project: Project) -> None:
    file = project.write_workflow("hello", in_app_step() | {"channel_key": "feeed"})

    (told,) = (await project.push()).warnings

    assert told == (
        f'{file}: steps[0].channel_key: there is no channel "feeed": '
        "its messages go to a sink and leave nowhere"
    )


async def test_only_what_changed_has_a_new_version(project: Project) -> None:
    project.write_workflow("hello", in_app_step())
    project.write_workflow("bye", in_app_step())
    await project.push()
    project.write_workflow("bye", in_app_step(body="changed"))

    assert (await project.push()).committed == ["workflow bye"]
    assert await project.versions() == {"bye": 2, "hello": 1}


async def test_files_are_published_as_if_they_stood_in_the_workflow(
    project: Project, database: Database
) -> None:
    template = {"markdown_body@": "in_app_1/body.md", "action_url": "/x"}
    project.write_workflow("hello", in_app_step(template=template))
    project.write("workflows/hello/in_app_1/body.md", "Grüße **{{ recipient.name }}**")

    await project.push()

    published = (await rows(database, VERSIONS, project.environment.id))[0]["content"]
    assert published["steps"][0]["template"] == {
        "markdown_body": "Grüße **{{ recipient.name }}**",
        "action_url": "/x",
    }


def with_file(text: str | bytes, name: str = "body.md") -> dict[str, Any]:
    step = in_app_step(template={"markdown_body@": name})
    return {"workflows/bad/workflow.json": workflow(step), f"workflows/bad/{name}": text}


def with_steps(*steps: Any) -> dict[str, Any]:
    return {"workflows/bad/workflow.json": workflow(*steps)}


JSON = "workflows/bad/workflow.json"
BODY = "workflows/bad/body.md"
TOML = "tocsin.toml"
UNSET = '[variables]\na = "${NOT_SET_AT_ALL}"'
MISSING = in_app_step(template={"markdown_body@": "no.md"})
AT_BODY = "steps[0].template.markdown_body"
UNKNOWN = {"all": [{"variable": "data.a", "operator": "resembles", "argument": "1"}]}


@pytest.mark.parametrize(
    ("files", "file", "told"),
    [
        ({JSON: '{\n "name": '}, JSON, "line 2: is not JSON"),
        ({JSON: b'{"name": "\xff"}'}, JSON, "is not UTF-8"),
        ({JSON: "[]"}, JSON, "must be a JSON object"),
        ({BODY: ""}, JSON, "is missing"),
        ({JSON: b"\xef\xbb\xbf{}"}, JSON, "byte order mark"),
        (with_file("{% if %}"), BODY, f"{AT_BODY}: Liquid error in line 1"),
        (with_file("a\n{{ a | b }}"), BODY, f"{AT_BODY}: Liquid error in line 2: unknown filter 'b'"),
        (with_file(b"\xff"), BODY, "is not UTF-8"),
        (with_steps(MISSING), JSON, f"{AT_BODY}@: the file no.md does not exist"),
        (with_file("x", "../../escaped.md"), JSON, f"{AT_BODY}@: ../../escaped.md leads out"),
        (with_steps({"type": "sms", "ref": "a"}), JSON, 'steps[0]: "sms" is unknown'),
        (with_steps(in_app_step(colour="red")), JSON, "steps[0].colour: this key is unknown"),
        (with_steps(in_app_step(conditions=UNKNOWN)), JSON, "conditions.all[0].operator: Input should"),
        (with_steps(in_app_step(), in_app_step()), JSON, 'two steps have the ref "in_app_1"'),
        ({"workflows/Bad/workflow.json": workflow()}, "workflows/Bad/workflow.json", "key: must be"),
        ({TOML: UNSET}, TOML, "variables.a: the environment variable NOT_SET_AT_ALL is not set"),
        ({TOML: "[variables"}, TOML, "is not TOML"),
        ({TOML: "[environments.staging.colours]"}, TOML, "environments.staging.colours: is unknown"),
        ({TOML: "[colours]"}, TOML, "colours: is unknown; expected one of account, branding"),
        (
            {TOML: '[account]\ntimezone = "Mars"'},
            TOML,
            'account.timezone: "Mars" is not a time zone',
        ),
    ],
)
async def test_a_mistake_is_told_with_file_and_path_and_nothing_is_published(
    project: Project, files: dict[str, Any], file: str, told: str
) -> None:
    project.write_workflow("fine", in_app_step())
    project.write_workflow("good", in_app_step())
    for path, content in files.items():
        project.write(path, content)

    said = await project.refused()

    assert said.startswith("Nothing was published.")
    lines = [line for line in said.splitlines() if line.startswith(f"  {project.folder / file}: ")]
    assert any(told in line for line in lines), said


async def test_what_breaks_a_rule_is_refused_with_its_place_and_the_published_version_stays(
    project: Project, database: Database
) -> None:
    file = project.write_workflow("hello", in_app_step())
    await project.push()
    published = await rows(database, VERSIONS, project.environment.id)

    for wrong, told in WRONG:
        project.write_workflow("hello", wrong)
        with pytest.raises(CommandError) as refused:
            await project.push()
        lines = [line for line in str(refused.value).splitlines() if line.startswith(f"  {file}: ")]
        assert any("steps[0]" in line and told in line for line in lines), str(refused.value)

    assert await rows(database, VERSIONS, project.environment.id) == published


async def test_all_mistakes_are_told_at_once(project: Project) -> None:
    for key in ("a", "b", "c"):
        project.write_workflow(key, in_app_step(ref="x y"), in_app_step(body="{% if %}", colour=1))

    said = await project.refused()

    assert len(said.splitlines()) == 1 + 3 * 2


async def test_a_wrong_channel_publishes_no_workflow(project: Project) -> None:
    project.write_workflow("hello", in_app_step())
    key = f"mail-{uuid4().hex[:8]}"
    project.write("tocsin.toml", f'[channels.{key}]\nname = "M"\ntype = "email"\nprovider = "pigeon"')

    said = await project.refused()

    assert f"tocsin.toml: channels.{key}" in said


async def test_a_channel_is_configured(project: Project, database: Database) -> None:
    key = f"bell-{uuid4().hex[:8]}"
    project.write(
        "tocsin.toml", f'[channels.{key}]\nname = "B"\ntype = "in_app_feed"\nprovider = "in_app_feed_knock"'
    )

    assert (await project.push()).settings == [f"channels.{key}"]
    assert await rows(database, "SELECT 1 FROM channels WHERE key = %s", key)


async def test_an_empty_folder_is_no_project(project: Project) -> None:
    assert "holds no project" in await project.refused()


async def test_a_wrong_token_and_a_silent_address_say_what_to_set(project: Project) -> None:
    project.write_workflow("hello", in_app_step())
    for url, token, said in (
        (project.url, "knock_st_wrong", "KNOCK_SERVICE_TOKEN"),
        (project.url, " ", "KNOCK_SERVICE_TOKEN"),
        (f"http://127.0.0.1:{free_port()}", "t", "TOCSIN_URL"),
        ("127.0.0.1", "t", "TOCSIN_URL"),
    ):
        with pytest.raises(CommandError, match=said):
            await asyncio.to_thread(push, project.folder, url, token)


@pytest.mark.parametrize("body", ["<html>Not found</html>", "[]", "\ufffd"])
async def test_a_server_that_is_no_tocsin_is_told_apart(project: Project, body: str) -> None:
    project.write_workflow("hello", in_app_step())
    with HTTPServer(host="127.0.0.1") as server:
        server.expect_request("/v1/tocsin/content/validate").respond_with_data(body, status=404)
        with pytest.raises(CommandError, match="is no Tocsin: it answers 404"):
            await asyncio.to_thread(push, project.folder, server.url_for(""), "t")


async def test_the_command_prints_what_happened_and_fails_with_one(project: Project) -> None:
    file = project.write_workflow("hello", in_app_step())
    words = ["push", str(project.folder), "--url", project.url, "--token", project.environment.service_token]

    pushed = await asyncio.to_thread(CliRunner().invoke, app, words)
    again = await asyncio.to_thread(CliRunner().invoke, app, words)
    file.write_text("nonsense")
    failed = await asyncio.to_thread(CliRunner().invoke, app, words)

    assert (pushed.exit_code, pushed.output) == (0, "workflow hello: published\n")
    assert (again.exit_code, again.output) == (0, "workflow hello: unchanged\n")
    assert failed.exit_code == 1
    assert f"{file}: line 1: is not JSON" in failed.stderr


async def test_the_signing_secret_of_a_new_webhook_is_printed_once(project: Project) -> None:
    hook = f"hook-{uuid4().hex[:8]}"
    toml = f'[webhooks.{hook}]\nurl = "https://example.com/x"\nevents = ["message.sent"]'
    project.write("tocsin.toml", toml)
    words = ["push", str(project.folder), "--url", project.url, "--token", project.environment.service_token]

    first = await asyncio.to_thread(CliRunner().invoke, app, words)
    again = await asyncio.to_thread(CliRunner().invoke, app, words)

    made, secret = first.output.splitlines()
    assert made == f"[webhooks.{hook}]: set"
    found = re.fullmatch(r"\[webhooks\..*\]: signing secret (\S{20,}), shown this once", secret)
    assert found
    assert again.output == f"[webhooks.{hook}]: set\n"


async def test_a_draft_is_discarded_in_the_environment_that_is_named(project: Project) -> None:
    project.write_workflow("hello", in_app_step())
    await project.push(Pushing(commits=False))
    at = ["--url", project.url, "--token", project.environment.service_token, "--environment"]
    words = ["commits", "discard", "workflow", "hello", *at]

    elsewhere = await asyncio.to_thread(CliRunner().invoke, app, [*words, "nowhere"])
    here = await asyncio.to_thread(CliRunner().invoke, app, [*words, project.environment.slug])

    assert (elsewhere.exit_code, 'no environment "nowhere"' in elsewhere.stderr) == (1, True)
    assert (here.exit_code, here.output) == (0, "workflow hello: as committed\n")


CHANNEL = '[channels.{key}]\nname = "B"\ntype = "in_app_feed"\nprovider = "in_app_feed_knock"\n'


async def test_content_that_does_not_fit_the_channels_it_comes_with_changes_no_channel(
    project: Project, database: Database
) -> None:
    key = f"bell-{uuid4().hex[:8]}"
    project.write_workflow("hello", {**email_step(), "channel_key": key})
    project.write("tocsin.toml", CHANNEL.format(key=key))

    said = await project.refused()

    assert f'steps[0].channel_key: the channel "{key}" is of type in_app_feed; this needs email' in said
    assert "stand already" not in said
    assert await rows(database, "SELECT 1 FROM channels WHERE key = %s", key) == []


async def test_content_that_may_not_be_written_there_changes_no_setting(project: Project) -> None:
    project.write_workflow("hello", in_app_step())
    project.write("tocsin.toml", '[variables]\na = "1"')
    async with project.elsewhere() as slug:
        said = await project.refused(Pushing(environment=slug))
    assert "without force=true" in said


async def test_content_and_the_channel_it_needs_are_pushed_together_where_channels_must_be_there(
    project: Project,
) -> None:
    key = f"bell-{uuid4().hex[:8]}"
    project.write_workflow("hello", {**in_app_step(), "channel_key": key})
    async with project.elsewhere() as slug:
        with pytest.raises(CommandError, match=f'there is no channel "{key}"'):
            await project.push(Pushing(environment=slug, force=True))
        project.write("tocsin.toml", CHANNEL.format(key=key))
        pushed = await project.push(Pushing(environment=slug, force=True))
    assert (pushed.settings, pushed.committed) == ([f"channels.{key}"], ["workflow hello"])


async def test_settings_that_stand_are_told_when_the_content_is_refused_after_them(project: Project) -> None:
    project.write_workflow("hello", in_app_step())
    project.write("tocsin.toml", '[variables]\na = "1"\n[webhooks.ours]\nurl = "https://a.example"')
    refusal = {"code": "c", "status": 422, "type": "t", "message": "It was archived meanwhile.", "errors": []}
    with HTTPServer(host="127.0.0.1") as server:
        server.expect_request("/v1/tocsin/content").respond_with_json(refusal, status=422)
        server.expect_request("/v1/tocsin/webhooks/ours", "PUT").respond_with_json({"signing_secret": "s1"})
        server.expect_request(re.compile("/v1/tocsin/.*"), "PUT").respond_with_json({})
        with pytest.raises(CommandError) as refused:
            await asyncio.to_thread(push, project.folder, server.url_for(""), "t")

    _, _, standing = str(refused.value).partition("These settings stand already:\n")
    assert "It was archived meanwhile." in str(refused.value)
    assert standing.splitlines() == [
        "  [variables.a]: set",
        "  [webhooks.ours]: set",
        "  [webhooks.ours]: signing secret s1, shown this once",
    ]
