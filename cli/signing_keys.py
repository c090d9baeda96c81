"""`tocsin keys signing`: keys that user tokens are signed with, over the management API."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.columns import print_columns
from cli.errors import CommandError
from cli.management import DEFAULT_TOKEN, DEFAULT_URL, Token, Url, manage, segment, told
from models.values.development import ENVIRONMENT

_PATH = "/v1/tocsin/signing_keys"
_COMMAND = "tocsin keys signing"

_HELP = """Keys that your server signs user tokens with (JWT, RS256).

Of each pair the public half is kept here. The private half is shown when it
is made, and never again: give it to your server as KNOCK_SIGNING_KEY. Several
keys may be active at once, so that one can follow the other.

With `tocsin environments security ENV on`, public keys work only together
with such a token.

Examples:

  tocsin keys signing create --environment production > key.pem
  tocsin keys signing import our-public-key.pem
"""

signing = typer.Typer(help=_HELP, no_args_is_help=True)

Environment = Annotated[str, typer.Option(metavar="SLUG", help="Whose user tokens.")]
Name = Annotated[str | None, typer.Option(help="For people.")]


@signing.command("list")
def list_command(
    environment: Environment = ENVIRONMENT, url: Url = DEFAULT_URL, token: Token = DEFAULT_TOKEN
) -> None:
    """Every signing key of an environment; the id is the `kid` that tokens may carry."""
    with told(_COMMAND):
        answer = manage(url, token, lambda api: api.get(_PATH, {"environment": environment}))
    rows = [
        (one["id"], one["name"] or "-", one["created_at"], one["revoked_at"] or "-")
        for one in answer["entries"]
    ]
    print_columns(rows, headings=("id", "name", "inserted", "revoked"))


@signing.command()
def create(
    name: Name = None,
    one_line: Annotated[
        bool, typer.Option("--base64", help="The PEM on one line, as KNOCK_SIGNING_KEY takes it.")
    ] = False,
    environment: Environment = ENVIRONMENT,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Make a pair and print its private half, this once: it is kept nowhere.

    The private key alone goes to stdout, all words to stderr.
    """
    shown = _send({"name": name}, environment, url, token)
    typer.echo(f"Signing key {shown['id']} of {environment}. Its private half, this once:", err=True)
    typer.echo((shown["private_key_base64"] if one_line else shown["private_key"]).rstrip("\n"))


@signing.command("import")
def import_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The public half as PEM; RSA, 2048 bits or more.")
    ],
    name: Name = None,
    environment: Environment = ENVIRONMENT,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Use a pair that was made elsewhere; its private half stays with you."""
    with told(_COMMAND):
        try:
            pem = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
    shown = _send({"name": name, "public_key": pem}, environment, url, token)
    typer.echo(f"signing key {shown['id']} of {environment} is imported")


@signing.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID")],
    environment: Environment = ENVIRONMENT,
    url: Url = DEFAULT_URL,
    token: Token = DEFAULT_TOKEN,
) -> None:
    """Refuse a key's tokens from the next call on, for good. Make its successor first."""
    with told(_COMMAND):
        path, query = f"{_PATH}/{segment(key_id)}/revoke", {"environment": environment}
        manage(url, token, lambda api: api.post(path, None, query))
    typer.echo(f"signing key {key_id} of {environment} is revoked")


def _send(body: dict[str, Any], environment: str, url: str, token: str) -> dict[str, Any]:
    given = {name: value for name, value in body.items() if value is not None}
    with told(_COMMAND):
        return manage(url, token, lambda api: api.post(_PATH, given, {"environment": environment}))
