"""`tocsin push DIR`: publishes a project folder through the management API, all or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CommandError
from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Management, Refused, Token, Url, manage, segment
from cli.project.configuration import Configuration, read_configuration
from cli.project.mistakes import Mistake, ProjectMistakes
from cli.project.workflows import ReadWorkflow, read_workflows
from models.values.development import ENVIRONMENT

_HERE = {"environment": ENVIRONMENT}


@dataclass(frozen=True)
class Pushed:
    """What a push changed."""

    workflows: list[str]
    changed: list[str]
    channels: list[str]
    variables: list[str]


def push(directory: Path, url: str, token: str) -> Pushed:
    """Publish the project in `directory`; raises CommandError that lists every mistake."""
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
        return manage(url, token, lambda api: _publish(api, workflows, configuration))
    except ProjectMistakes as error:
        raise _refusal(error.mistakes) from error


def _refusal(mistakes: list[Mistake]) -> CommandError:
    told = "\n".join(f"  {mistake}" for mistake in mistakes)
    return CommandError(f"Nothing was published. Mend this and push again:\n{told}")


async def _publish(api: Management, workflows: list[ReadWorkflow], configuration: Configuration) -> Pushed:
    """Validate everything first; then configure, keep drafts, and commit them all at once."""
    await _validate(api, workflows)
    await _configure(api, configuration)
    for workflow in workflows:
        with _mistakes_in(workflow.file):
            await api.put(f"/v1/workflows/{segment(workflow.key)}", {"workflow": workflow.content}, _HERE)
    with _mistakes_in(configuration.file.parent):
        answer = await api.put("/v1/commits", query=_HERE)
    return Pushed(
        workflows=[workflow.key for workflow in workflows],
        changed=answer["committed"],
        channels=list(configuration.channels),
        variables=list(configuration.variables),
    )


async def _validate(api: Management, workflows: list[ReadWorkflow]) -> None:
    mistakes: list[Mistake] = []
    for workflow in workflows:
        path = f"/v1/workflows/{segment(workflow.key)}/validate"
        try:
            await api.put(path, {"workflow": workflow.content}, _HERE)
        except Refused as refused:
            # At the file that each value came from.
            mistakes.extend(
                Mistake(workflow.origin(fault.field), fault.field, fault.message) for fault in refused.faults
            )
    if mistakes:
        raise ProjectMistakes(mistakes)


async def _configure(api: Management, configuration: Configuration) -> None:
    """Channels and variables are unversioned and take effect at once (E-VERSION-2)."""
    for key, channel in configuration.channels.items():
        with _mistakes_in(configuration.file, f"channels.{key}"):
            await api.put(f"/v1/tocsin/channels/{segment(key)}", channel, _HERE)
    for key, value in configuration.variables.items():
        with _mistakes_in(configuration.file, f"variables.{key}"):
            await api.put(f"/v1/tocsin/variables/{segment(key)}", {"value": value}, _HERE)


@contextmanager
def _mistakes_in(file: Path, prefix: str = "") -> Iterator[None]:
    """What the API refuses becomes mistakes of `file`."""
    try:
        yield
    except Refused as refused:
        raise ProjectMistakes(
            [
                Mistake(file, ".".join(part for part in (prefix, fault.field) if part), fault.message)
                for fault in refused.faults
            ]
        ) from refused


def push_command(
    directory: Annotated[
        Path, typer.Argument(help="A project folder: workflows/<key>/workflow.json, tocsin.toml.")
    ],
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
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
