"""`tocsin variables`: what templates read as `vars.<key>`, set over the management API."""

from typing import Annotated, Any

import typer

from cli.columns import print_columns
from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Management, Token, Url, manage, segment, told
from cli.provider_settings import read_value

_PATH = "/v1/tocsin/variables"
_COMMAND = "tocsin variables"

_HELP = """Values that templates read as `vars.<key>`.

A variable belongs to the account. Its base value holds in every environment
that has no value of its own (--environment). All take effect at once, also
for runs in flight; none are versioned. Text that is JSON is read as JSON:
true, 12.5 and [1, 2] are what they look like, 007 is text.

A secret variable is kept encrypted and is never shown again, neither here nor
in feeds or logs. Templates read it, conditions do not.

Examples:

  tocsin variables set app_name Papermill
  tocsin variables set app_url https://staging.example --environment staging
  pass stripe | tocsin variables set stripe_key - --secret
"""
_SET_HELP = """Set a variable's base value, or its value in one environment.

What is not named stays as it is. A VALUE need not stand on the command line:

  -         is read from stdin,
  @FILE     is read from a file,
  ${NAME}   is an environment variable; quote it, else the shell fills it in

--secret makes a public variable secret, with all its values. The other way
there is none: remove it, and set a public one.
"""

variables = typer.Typer(help=_HELP, no_args_is_help=True)

Key = Annotated[str, typer.Argument(metavar="KEY", help="Letters, digits and underscores.")]
Environment = Annotated[
    str | None, typer.Option(metavar="SLUG", help="Its own value.", show_default="the base value")
]


@variables.command("list")
def list_command(
    environment: Annotated[
        str | None, typer.Option(metavar="SLUG", help="What holds there.", show_default="all values")
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Every variable: base values with the environments' own, or what holds in one environment."""

    async def job(api: Management) -> list[dict[str, Any]]:
        return [one async for one in api.entries("/v1/variables", {"environment": environment})]

    with told(_COMMAND):
        found = manage(url, token, job)
    rows = []
    for one in found:
        rows.append((one["key"], one["type"], environment or "base", _text(one), one["description"] or ""))
        rows += [
            ("", "", slug, "-" if value is None else value, "")
            for slug, value in (one["environment_values"] or {}).items()
        ]
    print_columns(rows, headings=("key", "type", "where", "value", "description"))


@variables.command("set", help=_SET_HELP)
def set_command(  # noqa: PLR0913 - each is an option
    key: Key,
    value: Annotated[str | None, typer.Argument(metavar="VALUE", help="Text, -, @FILE or ${NAME}.")] = None,
    secret: Annotated[bool, typer.Option("--secret", help="Encrypt it, and never show it.")] = False,
    description: Annotated[str | None, typer.Option(help="For people.")] = None,
    environment: Environment = None,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    with told(_COMMAND):
        body: dict[str, Any] = {} if value is None else {"value": read_value(value)}
        body |= {"type": "secret"} if secret else {}
        body |= {} if description is None else {"description": description}
        path, query = f"{_PATH}/{segment(key)}", {"environment": environment}
        shown = manage(url, token, lambda api: api.put(path, body, query))
    where = f"in {environment}" if environment else "as its base value"
    told_value = "a secret" if shown["type"] == "secret" else shown["text"]
    typer.echo(f"{key} is {told_value} {where}" if value is not None else f"{key} is changed")


@variables.command()
def remove(
    key: Key,
    environment: Annotated[
        str | None,
        typer.Option(metavar="SLUG", help="Its own value only.", show_default="the variable whole"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Take away an environment's own value, or a variable with all its values."""
    if environment is None and not yes:
        typer.confirm(f"Remove {key} with its values in all environments?", abort=True)
    with told(_COMMAND):
        path, query = f"{_PATH}/{segment(key)}", {"environment": environment}
        manage(url, token, lambda api: api.delete(path, query))
    typer.echo(f"{key} has its base value in {environment}" if environment else f"{key} is removed")


def _text(one: dict[str, Any]) -> str:
    return "-" if one["value"] is None else str(one["value"])
