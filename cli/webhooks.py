"""`tocsin webhooks`: where events of an environment are to be posted, set up over the management API."""

from typing import Annotated, Any

import typer

from cli.columns import print_columns
from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Token, Url, manage, segment, told
from cli.provider_settings import read_value
from models.values.development import ENVIRONMENT
from models.values.webhook_events import EVENTS

_PATH = "/v1/tocsin/webhooks"
_COMMAND = "tocsin webhooks"

_HELP = """Where events of an environment are to be posted, signed.

This release keeps endpoints and checks them; it does not post yet. An
endpoint's signing secret is shown when it is made, and never again.

Examples:

  tocsin webhooks set crm --to https://crm.example/hooks \\
    --event message.bounced --event message.undelivered
  tocsin webhooks rotate crm
"""

webhooks = typer.Typer(help=_HELP, no_args_is_help=True)

Key = Annotated[str, typer.Argument(metavar="KEY", help="What you call the endpoint.")]
Environment = Annotated[str, typer.Option(metavar="SLUG", help="Whose events.")]


@webhooks.command("list")
def list_command(
    environment: Environment = ENVIRONMENT, url: Url = DEFAULT_URL, token: Token = DEFAULT_TOKEN
) -> None:
    """Every endpoint of one environment."""
    with told(_COMMAND):
        answer = manage(url, token, lambda api: api.get(_PATH, {"environment": environment}))
    rows = [
        (one["key"], "on" if one["enabled"] else "off", one["url"], ", ".join(one["events"]))
        for one in answer["entries"]
    ]
    print_columns(rows, headings=("key", "", "url", "events"))


@webhooks.command("set")
def set_command(  # noqa: PLR0913 - each is an option
    key: Key,
    address: Annotated[
        str | None, typer.Option("--to", metavar="URL", help="https; on this machine in development: http.")
    ] = None,
    events: Annotated[
        list[str] | None, typer.Option("--event", metavar="NAME", help="Repeat it; `events` lists them.")
    ] = None,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Whether it is to be posted to.")] = None,
    description: Annotated[str | None, typer.Option(help="For people.")] = None,
    signing_secret: Annotated[
        str | None,
        typer.Option(metavar="-|@FILE|${NAME}", help="One of your own.", show_default="one is made"),
    ] = None,
    environment: Environment = ENVIRONMENT,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Make an endpoint, or change one. What is not named stays; events are replaced whole."""
    with told(_COMMAND):
        given: dict[str, Any] = {
            "url": address,
            "events": events or None,
            "enabled": enabled,
            "description": description,
            "signing_secret": None if signing_secret is None else read_value(signing_secret),
        }
        body = {name: value for name, value in given.items() if value is not None}
        path, query = f"{_PATH}/{segment(key)}", {"environment": environment}
        shown = manage(url, token, lambda api: api.put(path, body, query))
    _tell(shown, f"{key} is set in {environment}")


@webhooks.command()
def rotate(
    key: Key, environment: Environment = ENVIRONMENT, url: Url = DEFAULT_URL, token: Token = DEFAULT_TOKEN
) -> None:
    """Sign with a new secret from now on, and print it, this once."""
    with told(_COMMAND):
        path, query = f"{_PATH}/{segment(key)}/rotate_secret", {"environment": environment}
        shown = manage(url, token, lambda api: api.post(path, None, query))
    _tell(shown, f"{key} has a new signing secret in {environment}")


@webhooks.command()
def remove(
    key: Key,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    environment: Environment = ENVIRONMENT,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Forget an endpoint, with its secret."""
    if not yes:
        typer.confirm(f"Remove {key} from {environment}?", abort=True)
    with told(_COMMAND):
        path, query = f"{_PATH}/{segment(key)}", {"environment": environment}
        manage(url, token, lambda api: api.delete(path, query))
    typer.echo(f"{key} is removed from {environment}")


@webhooks.command()
def events() -> None:
    """The names of all events. Asks no instance."""
    for name in EVENTS:
        typer.echo(name)


def _tell(shown: dict[str, Any], what: str) -> None:
    """Words go to stderr, a secret alone to stdout."""
    typer.echo(what, err=True)
    if shown["signing_secret"] is not None:
        typer.echo("Its signing secret is shown this once; keep it now:", err=True)
        typer.echo(shown["signing_secret"])
