"""`tocsin environments`: the stages that content is promoted through, set up over the management API."""

from typing import Annotated, Any

import typer

from cli.columns import print_columns
from cli.errors import CommandError
from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Management, Token, Url, manage, segment, told

_PATH = "/v1/tocsin/environments"
_COMMAND = "tocsin environments"

_HELP = """The stages that content is promoted through, development first.

Every account has development and production. Others go between them and begin
empty; nothing is ever moved to another place. Recipients, messages, keys and
channel settings of one environment are none of another's.

Examples:

  tocsin environments create staging --name Staging
  tocsin environments create qa --before staging
  tocsin environments security production on
"""

environments = typer.Typer(help=_HELP, no_args_is_help=True)

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="As `tocsin environments list` shows it.")]
Name = Annotated[str | None, typer.Option(help="For people.")]
Color = Annotated[str | None, typer.Option(metavar="#RRGGBB", help="Of its label.")]
HidePii = Annotated[
    bool | None, typer.Option("--hide-pii/--show-pii", help="Whether personal data is to be hidden.")
]


@environments.command("list")
def list_command(url: Url = DEFAULT_URL, token: Token = DEFAULT_TOKEN) -> None:
    """In the order that commits are promoted in."""

    async def job(api: Management) -> list[dict[str, Any]]:
        entries = [one async for one in api.entries("/v1/environments")]
        return [await api.get(f"{_PATH}/{segment(one['slug'])}") for one in entries]

    with told(_COMMAND):
        found = manage(url, token, job)
    rows = [
        (
            one["slug"],
            one["name"],
            one["owner"],
            "on" if one["enhanced_security"] else "off",
            one["last_commit_at"] or "-",
        )
        for one in found
    ]
    print_columns(rows, headings=("slug", "name", "owner", "enhanced security", "last commit"))


@environments.command()
def create(  # noqa: PLR0913 - each is an option
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Lower-case letters, digits and dashes.")],
    name: Name = None,
    before: Annotated[str | None, typer.Option(metavar="SLUG", show_default="production")] = None,
    after: Annotated[str | None, typer.Option(metavar="SLUG", help="Instead of --before.")] = None,
    color: Color = None,
    hide_pii: HidePii = None,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Make an environment between development and production."""
    body = _given(name=name, label_color=color, hide_pii_data=hide_pii, before=before, after=after)

    async def job(api: Management) -> None:
        if slug in [one["slug"] async for one in api.entries("/v1/environments")]:
            raise CommandError(f'there is an environment "{slug}" already; change it with `set`')
        await api.put(f"{_PATH}/{segment(slug)}", body)

    with told(_COMMAND):
        manage(url, token, job)
    typer.echo(f"{slug} is made, and empty: promote to it what stands before it")


@environments.command("set")
def set_command(
    slug: Slug,
    name: Name = None,
    color: Color = None,
    hide_pii: HidePii = None,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Change what an environment is called and how it looks. What is not named stays."""
    _change(url, token, slug, _given(name=name, label_color=color, hide_pii_data=hide_pii))
    typer.echo(f"{slug} is changed")


@environments.command()
def security(
    slug: Slug,
    mode: Annotated[str, typer.Argument(metavar="on|off")],
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Enhanced security: with it, public keys work only together with a signed user token.

    It needs a signing key: `tocsin keys signing create`.
    """
    with told(_COMMAND):
        if mode not in ("on", "off"):
            raise CommandError(f'"{mode}" is neither on nor off')
    _change(url, token, slug, {"enhanced_security": mode == "on"})
    typer.echo(f"{slug}: enhanced security is {mode}")


@environments.command()
def archive(
    slug: Slug,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Take away an environment that holds nothing; its keys are refused from now on."""
    if not yes:
        typer.confirm(f"Archive {slug}?", abort=True)
    with told(_COMMAND):
        manage(url, token, lambda api: api.delete(f"{_PATH}/{segment(slug)}"))
    typer.echo(f"{slug} is archived")


def _change(url: str, token: str, slug: str, body: dict[str, Any]) -> None:
    async def job(api: Management) -> None:
        await api.get(f"{_PATH}/{segment(slug)}")  # refused for one that is not there: PUT would make it
        await api.put(f"{_PATH}/{segment(slug)}", body)

    with told(_COMMAND):
        manage(url, token, job)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
