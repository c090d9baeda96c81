"""`tocsin doctor`: what is misconfigured in an instance, or in a project before its push, with each fix."""

import json
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Management, Refused, Token, Url, manage, told
from cli.project.mistakes import Mistake
from cli.project.reading import Project, read_project
from cli.rehearsal import Rehearsed, rehearse
from models.values.development import ENVIRONMENT

_ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One thing found; `file` where it is in a file of the project."""

    level: str
    check: str
    environment: str | None
    about: str
    path: str
    message: str
    fix: str
    file: str | None = None


def examine(
    project: Project | None, mistakes: list[Mistake], api_url: str, token: str, only: str | None
) -> list[Finding]:
    """Mistakes in the project's files first, then what the instance finds; raises CommandError."""
    found = [_of_mistake(mistake) for mistake in mistakes]
    found += manage(api_url, token, lambda api: _ask(api, project, only))
    return sorted(found, key=lambda one: one.level != _ERROR)


async def _ask(api: Management, project: Project | None, only: str | None) -> list[Finding]:
    path, query = "/v1/tocsin/doctor", {"environment": only}
    if project is None:
        answer = await api.get(path, query)
        return [_of_server(one, None) for one in answer["findings"]]
    rehearsed = await rehearse(api, project.configuration)
    found = [_of_mistake(one) for one in rehearsed.mistakes] + await _refusals(api, project)
    told = {(one.file, one.path, one.message) for one in found}
    body = {"resources": _resources(project), **rehearsed.planned()}
    answer = await api.put(path, body, query)
    seen = [_of_server(one, _Files(project, rehearsed)) for one in answer["findings"]]
    return found + [one for one in seen if (one.file, one.path, one.message) not in told]


async def _refusals(api: Management, project: Project) -> list[Finding]:
    """What a push would be refused for beyond what the checks of content find."""
    body = {"resources": _resources(project)}
    try:
        if project.resources:
            await api.put("/v1/tocsin/content/validate", body, {"environment": ENVIRONMENT})
    except Refused as refused:
        files = {(one.type.value, one.key): one for one in project.resources}
        found = []
        for fault in refused.faults:
            resource = files.get(fault.resource) if fault.resource else None
            file = resource.origin(fault.field) if resource else project.folder
            found.append(_of_mistake(Mistake(file, fault.field, fault.message)))
        return found
    return []


def _resources(project: Project) -> list[dict[str, Any]]:
    return [{"type": one.type.value, "key": one.key, "content": one.content} for one in project.resources]


class _Files:
    """Which file of the project a finding of the instance is in."""

    def __init__(self, project: Project, rehearsed: Rehearsed) -> None:
        self._resources = {(one.type.value, one.key): one for one in project.resources}
        self._rehearsed = rehearsed
        self._configuration = project.configuration.file

    def of(self, found: dict[str, Any]) -> str | None:
        about, environment = found["resource"], found["environment"]
        resource = self._resources.get((about["type"], about["key"])) if about else None
        if resource and environment == ENVIRONMENT:
            return str(resource.origin(found["path"]))
        if about is None and self._rehearsed.holds_channel(environment, found["about"]):
            return str(self._configuration)
        return None


def _of_mistake(mistake: Mistake) -> Finding:
    file = str(mistake.file)
    return Finding(_ERROR, "project", None, "", mistake.path, mistake.message, "mend the file", file)


def _of_server(found: dict[str, Any], files: _Files | None) -> Finding:
    named = {
        name: found[name] for name in ("level", "check", "environment", "about", "path", "message", "fix")
    }
    return Finding(**named, file=files.of(found) if files else None)


def doctor(
    directory: Annotated[
        Path | None, typer.Argument(help="A project folder to look over as if it were pushed already.")
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
    environment: Annotated[str | None, typer.Option(help="Look over this one only; default: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say what is misconfigured, and how to mend it; exit status 1 when messages are lost by it.

    Errors lose or refuse messages; warnings are worth knowing. Nothing is changed and nothing is sent.
    """
    with told("tocsin doctor"):
        mistakes: list[Mistake] = []
        project = None
        if directory is not None:
            project = read_project(directory, {"TOCSIN_URL": url.rstrip("/")}, mistakes)
        found = examine(project, mistakes, url, token, environment)
    if as_json:
        typer.echo(json.dumps({"findings": [asdict(one) for one in found]}, indent=2, ensure_ascii=False))
    else:
        _print(found)
    raise typer.Exit(1 if any(one.level == _ERROR for one in found) else 0)


def _print(found: list[Finding]) -> None:
    for level, group in groupby(found, key=lambda one: one.level):
        for one in group:
            typer.secho(f"{level}: ", fg="red" if level == _ERROR else "yellow", nl=False)
            typer.echo(f"{_place(one)}{one.message}\n  fix: {one.fix}")
    errors = sum(one.level == _ERROR for one in found)
    typer.echo(f"{errors} errors, {len(found) - errors} warnings" if found else "Nothing found: all is well.")


def _place(found: Finding) -> str:
    where = " ".join(part for part in (found.file or found.about, found.path) if part)
    environment = f" [{found.environment}]" if found.environment else ""
    return f"{where}{environment}: " if where or environment else ""
