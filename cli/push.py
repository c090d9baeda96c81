"""`tocsin push DIR`: publishes a project folder through the management API, all or nothing."""

import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import CommandError
from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Fault, Management, Refused, Token, Url, manage, told
from cli.project.mistakes import Mistake, ProjectMistakes
from cli.project.reading import Project, read_project
from cli.project.resources import ReadResource
from cli.project.settings import Setting, coming_of, settings_of, unknown_sections
from models.values.content import ContentType
from models.values.development import ENVIRONMENT

LARGEST_PUSH_BYTES = 12_000_000
"""What the API takes in one request."""

_SENT = re.compile(r"resources\[(\d+)\]\.content\.?(.*)")
"""How the API calls a place in what was sent, where it refuses that before it looks at resources."""


@dataclass(frozen=True)
class Pushing:
    """Where a push goes and how far."""

    environment: str = ENVIRONMENT
    branch: str | None = None
    commits: bool = True
    message: str | None = None
    force: bool = False


@dataclass(frozen=True)
class Pushed:
    """What a push changed; resources as `type key`."""

    resources: list[str]
    committed: list[str]
    settings: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    """Signing secrets that were made, by the setting they are of: nothing ever shows them again."""


def push(directory: Path, url: str, token: str, pushing: Pushing | None = None) -> Pushed:
    """Push the project in `directory`; raises CommandError that lists every mistake."""
    project = read(directory, url)
    try:
        return manage(url, token, _Push(project, pushing or Pushing()).run)
    except ProjectMistakes as error:
        raise _refusal(error.mistakes) from error


def read(directory: Path, url: str) -> Project:
    """The project in `directory`, to be pushed to `url`; raises CommandError that lists every mistake."""
    mistakes: list[Mistake] = []
    project = read_project(directory, {"TOCSIN_URL": url.rstrip("/")}, mistakes)
    configuration = project.configuration
    mistakes += [Mistake(configuration.file, path, why) for path, why in unknown_sections(configuration)]
    if mistakes:
        raise _refusal(mistakes)
    if project.is_empty:
        raise CommandError(f"{directory} holds no project: neither workflows, layouts, … nor tocsin.toml")
    return project


def _refusal(mistakes: Iterable[Mistake], standing: str = "") -> CommandError:
    lines = "\n".join(f"  {mistake}" for mistake in mistakes)
    return CommandError(f"Nothing was published. Mend this and push again:\n{lines}{standing}")


def channels_named(content: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Each channel or channel group that steps name: its JSON path, the field, the key."""
    if isinstance(content, list):
        for index, below in enumerate(content):
            yield from channels_named(below, f"{path}[{index}]")
    elif isinstance(content, dict):
        for name, below in content.items():
            here = f"{path}.{name}" if path else name
            if name in ("channel_key", "channel_group_key") and isinstance(below, str):
                yield here, name, below
            elif name != "trigger_data_json_schema":
                yield from channels_named(below, here)


def _lines_of(settings: Iterable[str], secrets: Mapping[str, str]) -> Iterator[str]:
    for setting in settings:
        yield f"[{setting}]: set"
        if setting in secrets:
            yield f"[{setting}]: signing secret {secrets[setting]}, shown this once"


class _Push:
    """Validates everything first; then configures, and saves and commits all content in one transaction."""

    def __init__(self, project: Project, pushing: Pushing) -> None:
        self._project = project
        self._pushing = pushing
        # A branch holds content only: channels, variables and the rest stay with development.
        on_branch = pushing.branch is not None
        self._settings = [] if on_branch else settings_of(project.configuration, pushing.environment)
        self._warnings = list(project.warnings)
        if on_branch and not project.configuration.is_empty:
            self._warnings.append(f"{project.configuration.file}: is not applied on a branch")
        self._coming = {} if on_branch else coming_of(project.configuration)
        self._named = {(one.type.value, one.key): one for one in project.resources}
        self._applied: list[str] = []
        self._secrets: dict[str, str] = {}

    async def run(self, api: Management) -> Pushed:
        """Raises ProjectMistakes with every mistake that the API finds before anything is changed.

        Raises CommandError, which says what was set nevertheless, when something fails after that.
        """
        await self._validate(api)
        try:
            await self._configure(api)
            committed = await self._push(api) if self._named else []
        except ProjectMistakes as error:
            raise _refusal(error.mistakes, self._standing()) from error
        except CommandError as error:
            raise CommandError(f"{error}{self._standing()}") from error
        self._warnings += [one async for one in self._unknown_channels(api)]
        return Pushed(
            resources=[f"{kind} {key}" for kind, key in self._named],
            committed=[f"{one['type']} {one['key']}" for one in committed],
            settings=self._applied,
            warnings=self._warnings,
            secrets=self._secrets,
        )

    async def _unknown_channels(self, api: Management) -> AsyncIterator[str]:
        """Development binds them to the sink of their type: somebody should know (docs/projects.md)."""
        if self._pushing.environment != ENVIRONMENT:
            return  # There they are refused.
        workflows = [one for one in self._named.values() if one.type is ContentType.WORKFLOW]
        named = [(one, *place) for one in workflows for place in channels_named(one.content)]
        if not named:
            return
        query = {"environment": self._pushing.environment}
        known = {
            "channel_key": {one["key"] async for one in api.entries("/v1/channels", query)},
            "channel_group_key": {one["key"] async for one in api.entries("/v1/channel_groups", query)},
        }
        for resource, path, field_name, key in named:
            if key not in known[field_name]:
                what = field_name.removesuffix("_key").replace("_", " ")
                told = f'there is no {what} "{key}": its messages go to a sink and leave nowhere'
                yield str(Mistake(resource.origin(path), path, told))

    async def _configure(self, api: Management) -> None:
        for setting in self._settings:
            try:
                answer = await setting.apply(api)
            except Refused as refused:
                raise ProjectMistakes(self._of_setting(setting, refused)) from refused
            self._applied.append(setting.section)
            if secret := answer.get("signing_secret"):
                self._secrets[setting.section] = secret

    def _standing(self) -> str:
        """Settings take effect one by one, and no later refusal takes them back."""
        lines = "".join(f"\n  {line}" for line in _lines_of(self._applied, self._secrets))
        return f"\nThese settings stand already:{lines}" if lines else ""

    async def _validate(self, api: Management) -> None:
        mistakes: list[Mistake] = []
        for setting in self._settings:
            try:
                await setting.check(api)
            except Refused as refused:
                mistakes += self._of_setting(setting, refused)
        try:
            if self._named:
                body = {**self._body(), **self._coming}
                await api.put("/v1/tocsin/content/validate", body, self._query())
        except Refused as refused:
            mistakes += [self._mistake(fault) for fault in refused.faults]
        if mistakes:
            raise ProjectMistakes(mistakes)

    async def _push(self, api: Management) -> list[dict[str, str]]:
        try:
            answer = await api.put("/v1/tocsin/content", self._body(), self._query())
        except Refused as refused:
            raise ProjectMistakes([self._mistake(fault) for fault in refused.faults]) from refused
        committed: list[dict[str, str]] = answer["committed"]
        return committed

    def _body(self) -> dict[str, Any]:
        resources = [
            {"type": one.type.value, "key": one.key, "content": one.content} for one in self._named.values()
        ]
        size = len(json.dumps(resources))
        if size > LARGEST_PUSH_BYTES:
            raise CommandError(
                f"the project has {size} bytes, and a push takes {LARGEST_PUSH_BYTES}; push it in parts"
            )
        given = self._pushing
        body = {"resources": resources, "commit": given.commits, "force": given.force}
        return body | ({"commit_message": given.message} if given.message else {})

    def _query(self) -> dict[str, str | None]:
        return {"environment": self._pushing.environment, "branch": self._pushing.branch}

    def _mistake(self, fault: Fault) -> Mistake:
        """At the file that the value came from."""
        resource: ReadResource | None = self._named.get(fault.resource) if fault.resource else None
        path = fault.field
        if (sent := _SENT.fullmatch(path)) and int(sent[1]) < len(self._named):
            resource, path = list(self._named.values())[int(sent[1])], sent[2]
        if resource is None:
            return Mistake(self._project.folder, path, fault.message)
        return Mistake(resource.origin(path), path, fault.message)

    def _of_setting(self, setting: Setting, refused: Refused) -> list[Mistake]:
        file = self._project.configuration.file
        return [Mistake(file, setting.place(fault.field), fault.message) for fault in refused.faults]


def push_command(  # noqa: PLR0913 - each is an option of the command line
    directory: Annotated[
        Path, typer.Argument(help="A project folder as `knock pull` leaves it, and a tocsin.toml.")
    ],
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
    environment: Annotated[str, typer.Option(help="Where to; others than development need --force.")] = (
        ENVIRONMENT
    ),
    branch: Annotated[str | None, typer.Option(help="A branch of development; content only.")] = None,
    commit: Annotated[bool, typer.Option(help="Publish, or only save as drafts.")] = True,
    message: Annotated[str | None, typer.Option("--message", "-m", help="The commit message.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Also where content is only promoted to.")] = False,
) -> None:
    """Publish a project folder: validated as a whole, then saved and committed in one step or not at all.

    Resources that did not change keep their version. What of tocsin.toml is unversioned (channels,
    variables, …) takes effect at once, before the content.
    """
    with told("tocsin push"):
        pushed = push(directory, url, token, Pushing(environment, branch, commit, message, force))
    for warning in pushed.warnings:
        typer.echo(f"warning: {warning}", err=True)
    for line in _lines_of(pushed.settings, pushed.secrets):
        typer.echo(line)
    done = "unchanged" if commit else "saved"
    for resource in pushed.resources:
        typer.echo(f"{resource}: {'published' if resource in pushed.committed else done}")
