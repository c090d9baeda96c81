"""`tocsin keys requests`: the key that fetch steps sign their requests with, over the management API."""

from typing import Annotated, Any

import typer

from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Token, Url, manage, told
from models.values.development import ENVIRONMENT

_PATH = "/v1/tocsin/request_signing_key"

_HELP = """The key that fetch steps with sign_request sign with.

Give it to the server that they ask: it makes the same signature of what it
receives and compares it with the header x-knock-signature.

Examples:

  tocsin keys requests show --environment production
  tocsin keys requests rotate
"""

requests = typer.Typer(help=_HELP, no_args_is_help=True)

Environment = Annotated[str, typer.Option(metavar="SLUG", help="Whose requests.")]


@requests.command()
def show(
    environment: Environment = ENVIRONMENT, url: Url = DEFAULT_URL, token: Token = DEFAULT_TOKEN
) -> None:
    """Print the key, alone on stdout; it is made where there is none yet."""
    with told("tocsin keys requests"):
        answer: dict[str, Any] = manage(url, token, lambda api: api.get(_PATH, {"environment": environment}))
    typer.echo(answer["signing_key"])


@requests.command()
def rotate(
    environment: Environment = ENVIRONMENT, url: Url = DEFAULT_URL, token: Token = DEFAULT_TOKEN
) -> None:
    """Sign with a new key from now on, and print it; the former one is forgotten."""
    with told("tocsin keys requests"):
        query = {"environment": environment}
        answer: dict[str, Any] = manage(url, token, lambda api: api.post(f"{_PATH}/rotate", None, query))
    typer.echo(answer["signing_key"])
