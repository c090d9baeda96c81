"""`tocsin push DIR`: publishes a project folder through the management API, all or nothing."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.errors import CommandError
from cli.project.configuration import Configuration, read_configuration
from cli.project.mistakes import Mistake, ProjectMistakes
from cli.project.workflows import ReadWorkflow, read_workflows
from models.values.development import ENVIRONMENT, SERVICE_TOKEN
from outbound.client import HttpClient, build_client
from outbound.exchange import Failure, Request, perform

EVERYWHERE = ["0.0.0.0/0", "::/0"]
"""The person at the keyboard names the instance; it may be anywhere."""


@dataclass(frozen=True)
class Pushed:
    """What a push changed."""

    workflows: list[str]
    changed: list[str]
    channels: list[str]
    variables: list[str]


class Instance:
    """The management API of a running Tocsin."""

    def __init__(self, http: HttpClient, url: str, token: str) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._token = token

    async def put(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Status and JSON; raises CommandError when nothing answers."""
        request = Request(
            method="PUT",
            url=f"{self._url}{path}",
            headers={"authorization": f"Bearer {self._token}", "content-type": "application/json"},
            query=(("environment", ENVIRONMENT),),
            body=json.dumps(body or {}).encode(),
        )
        answer = await perform(self._http, request, deadline_seconds=60)
        if isinstance(answer, Failure):
            raise CommandError(
                f"{self._url} does not answer ({answer.detail}). Start it with `make up`, or set TOCSIN_URL."
            )
        if answer.status in (401, 403):
            raise CommandError(f"{self._url} refuses the service token; set KNOCK_SERVICE_TOKEN.")
        try:
            said = json.loads(answer.body or b"{}")
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise CommandError(f"{self._url} is no Tocsin: it answers {answer.status} without JSON.")
        return answer.status, said


def push(directory: Path, url: str, token: str) -> Pushed:
    """Publish the project in `directory`; raises CommandError that lists every mistake."""
    if not token.strip():
        raise CommandError("the service token is empty; set KNOCK_SERVICE_TOKEN")
    mistakes: list[Mistake] = []
    workflows = read_workflows(directory, mistakes)
    configuration = read_configuration(directory, {"TOCSIN_URL": url.rstrip("/")}, mistakes)
    if mistakes:
        raise _refusal(mistakes)
    if not workflows and not configuration.channels and not configuration.variables:
        raise CommandError(
            f"{directory} holds no project: neither workflows/<key>/workflow.json nor tocsin.toml"
        )
    try:
        return asyncio.run(_publish(workflows, configuration, url, token))
    except ProjectMistakes as error:
        raise _refusal(error.mistakes) from error


def _refusal(mistakes: list[Mistake]) -> CommandError:
    told = "\n".join(f"  {mistake}" for mistake in mistakes)
    return CommandError(f"Nothing was published. Mend this and push again:\n{told}")


async def _publish(
    workflows: list[ReadWorkflow], configuration: Configuration, url: str, token: str
) -> Pushed:
    """Validate everything first; then configure, keep drafts, and commit them all at once."""
    async with build_client(EVERYWHERE) as http:
        instance = Instance(http, url, token)
        await _validate(instance, workflows)
        await _configure(instance, configuration)
        for workflow in workflows:
            path = f"/v1/workflows/{quote(workflow.key, safe='')}"
            status, answer = await instance.put(path, {"workflow": workflow.content})
            _require(status, answer, workflow.file)
        status, answer = await instance.put("/v1/commits")
        _require(status, answer, configuration.file.parent)
    return Pushed(
        workflows=[workflow.key for workflow in workflows],
        changed=answer["committed"],
        channels=list(configuration.channels),
        variables=list(configuration.variables),
    )


async def _validate(instance: Instance, workflows: list[ReadWorkflow]) -> None:
    mistakes: list[Mistake] = []
    for workflow in workflows:
        path = f"/v1/workflows/{quote(workflow.key, safe='')}/validate"
        status, answer = await instance.put(path, {"workflow": workflow.content})
        if status != 200:
            mistakes.extend(_mistakes_of(answer, workflow))
    if mistakes:
        raise ProjectMistakes(mistakes)


async def _configure(instance: Instance, configuration: Configuration) -> None:
    """Channels and variables are unversioned and take effect at once (E-VERSION-2)."""
    for key, channel in configuration.channels.items():
        status, answer = await instance.put(f"/v1/tocsin/channels/{quote(key, safe='')}", channel)
        _require(status, answer, configuration.file, f"channels.{key}")
    for key, value in configuration.variables.items():
        status, answer = await instance.put(f"/v1/tocsin/variables/{quote(key, safe='')}", {"value": value})
        _require(status, answer, configuration.file, f"variables.{key}")


def _mistakes_of(answer: dict[str, Any], workflow: ReadWorkflow) -> Iterator[Mistake]:
    """The server's mistakes, at the file that each value came from."""
    errors = answer.get("errors") or [{"field": "", "message": answer.get("message", "was refused")}]
    for error in errors:
        path = error["field"]
        yield Mistake(workflow.origin(path), path, error["message"])


def _require(status: int, answer: dict[str, Any], file: Path, prefix: str = "") -> None:
    if status == 200:
        return
    errors = answer.get("errors") or [{"field": "", "message": answer.get("message", f"status {status}")}]
    raise ProjectMistakes(
        [
            Mistake(file, ".".join(part for part in (prefix, error["field"]) if part), error["message"])
            for error in errors
        ]
    )


def push_command(
    directory: Annotated[
        Path, typer.Argument(help="A project folder: workflows/<key>/workflow.json, tocsin.toml.")
    ],
    url: Annotated[
        str, typer.Option(envvar="TOCSIN_URL", help="The running instance.")
    ] = "http://127.0.0.1:8000",
    token: Annotated[
        str, typer.Option(envvar="KNOCK_SERVICE_TOKEN", help="A service token of it.")
    ] = SERVICE_TOKEN,
) -> None:
    """Publish a project folder: a new version of each workflow that changed, all or nothing."""
    try:
        pushed = push(directory, url, token)
    except CommandError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for key in pushed.workflows:
        typer.echo(f"{key}: {'published' if key in pushed.changed else 'unchanged'}")
    for key in pushed.channels:
        typer.echo(f"channel {key}: configured")
    for key in pushed.variables:
        typer.echo(f"variable {key}: set")
