"""`tocsin commits`: the log of published content, and going back in it."""

from typing import Annotated, Any

import typer

from cli.columns import print_columns
from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Management, Token, Url, manage, segment, told
from models.values.development import ENVIRONMENT

# Line breaks show as they stand here, and eighty columns are enough.
_HELP = """The log of what was published: workflows, layouts, partials and the like.

Saving is not publishing: what `knock … push` or `tocsin push --no-commit`
saves waits until it is committed. Commits go from development to the next
environment by promoting them.

Examples:

  tocsin commits list
  tocsin commits show 0199…      what it changed
  tocsin commits promote --to production
  tocsin commits revert 0199…    a new commit with the state before it
  tocsin commits discard workflow welcome
  tocsin commits archive workflow welcome
"""
_COLUMNS = ("id", "resource", "when", "author", "message")
_TYPES = "audience|email_layout|guide|message_type|partial|translation|workflow"

commits = typer.Typer(help=_HELP, no_args_is_help=True)

CommitId = Annotated[str, typer.Argument(metavar="ID", help="As `tocsin commits list` shows it.")]
Environment = Annotated[str, typer.Option(metavar="SLUG", help="Whose log.")]
Branch = Annotated[str | None, typer.Option(metavar="SLUG", help="A branch of development.")]
ContentType = Annotated[str, typer.Argument(metavar="TYPE", help=_TYPES)]
Key = Annotated[str, typer.Argument(metavar="KEY", help="Of a translation: locale[/namespace][~tenant].")]


@commits.command("list")
def list_command(
    environment: Environment = ENVIRONMENT,
    branch: Branch = None,
    unpromoted: Annotated[bool, typer.Option(help="Only what the next environment has not.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """The newest first."""
    query = {"environment": environment, "branch": branch, "promoted": "false" if unpromoted else None}

    async def read(api: Management) -> list[dict[str, Any]]:
        return [entry async for entry in api.entries("/v1/commits", query)]

    with told("tocsin commits list"):
        entries = manage(url, token, read)
    print_columns([_line(entry) for entry in entries], headings=_COLUMNS)


def _line(entry: dict[str, Any]) -> tuple[str, ...]:
    return (
        entry["id"],
        f"{entry['resource']['type']} {entry['resource']['identifier']}",
        entry["created_at"][:19],
        entry["author"]["name"] or "",
        entry.get("commit_message", ""),
    )


@commits.command()
def show(commit_id: CommitId, url: Url = DEFAULT_URL, token: Token = DEFAULT_TOKEN) -> None:
    """What a commit changed, as a diff of `path: value` lines."""
    with told("tocsin commits show"):
        shown = manage(url, token, lambda api: api.get(f"/v1/tocsin/commits/{segment(commit_id)}/diff"))
    commit = shown["commit"]
    typer.echo(f"{commit['id']}  {commit['environment']}  {commit['created_at']}")
    typer.echo(f"{commit['author']['name']}: {commit.get('commit_message', '(no message)')}\n")
    typer.echo(shown["diff"] or "(an empty commit)")


@commits.command()
def promote(
    to: Annotated[
        str, typer.Option(metavar="SLUG", help="The environment that takes over from the one before.")
    ],
    branch: Branch = None,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Promote everything, or merge a branch: --to development --branch SLUG."""
    query = {"to_environment": to, "branch": branch}
    with told("tocsin commits promote"):
        answer = manage(url, token, lambda api: api.put("/v1/commits/promote", None, query))
    for key in answer["promoted"]:
        typer.echo(f"{key}: promoted to {to}")
    typer.echo(f"{len(answer['promoted'])} promoted")


@commits.command()
def revert(commit_id: CommitId, url: Url = DEFAULT_URL, token: Token = DEFAULT_TOKEN) -> None:
    """Publish again what was there before a commit; drafts of it are discarded."""
    with told("tocsin commits revert"):
        answer = manage(url, token, lambda api: api.put(f"/v1/tocsin/commits/{segment(commit_id)}/revert"))
    commit = answer["commit"]
    typer.echo(f"{commit['resource']['identifier']}: {commit['commit_message']}; promote it to spread it")


@commits.command()
def discard(
    content_type: ContentType,
    key: Key,
    environment: Annotated[str, typer.Option(metavar="SLUG", help="Where it was saved.")] = ENVIRONMENT,
    branch: Branch = None,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Throw away what is saved and not committed."""
    path = f"/v1/tocsin/drafts/{segment(content_type)}/{segment(key)}"
    with told("tocsin commits discard"):
        manage(url, token, lambda api: api.delete(path, {"environment": environment, "branch": branch}))
    typer.echo(f"{content_type} {key}: as committed")


@commits.command()
def archive(
    content_type: ContentType, key: Key, url: Url = DEFAULT_URL, token: Token = DEFAULT_TOKEN
) -> None:
    """Take a resource out of every environment, for good.

    Runs of an archived workflow that wait end when they wake. An archived partial
    goes on rendering for what was published with it.
    """
    path = f"/v1/tocsin/content/{segment(content_type)}/{segment(key)}"
    with told("tocsin commits archive"):
        manage(url, token, lambda api: api.delete(path, {"environment": ENVIRONMENT}))
    typer.echo(f"{content_type} {key}: archived in all environments")
