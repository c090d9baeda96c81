"""`tocsin keys`: create, list and revoke what callers of the API show."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer

from cli.errors import CommandError
from cli.key_lifetimes import register
from cli.request_signing import requests
from cli.signing_keys import signing
from models.values.development import ENVIRONMENT
from models.values.kinds import KeyKind

SHORTEST_SECRET = 16
"""As the API and the worker demand it."""
_COLUMNS = ("id", "kind", "environment", "hint", "inserted", "expires", "revoked", "")

Row = dict[str, Any]
"""A key as `cli.credentials` lists it."""

keys = typer.Typer(
    # Line breaks show as they stand here.
    help="""Keys for the API.

secret: for your servers; everything in one environment.
public: for browsers and apps; feeds and messages of one environment.
service: for you; workflows, channels and variables of all environments.

create, list and revoke work on the database at DATABASE_URL, so that an
instance without any key can be given one. rotate, expire and signing ask a
running instance, with a service token.
""",
    no_args_is_help=True,
)


keys.add_typer(signing, name="signing")
keys.add_typer(requests, name="requests")
register(keys)


@keys.command()
def create(
    kind: Annotated[
        KeyKind,
        typer.Option(
            help="secret (sk_…): servers; public (pk_…): browsers; service (knock_st_…): management."
        ),
    ],
    environment: Annotated[
        str | None,
        typer.Option(
            metavar="SLUG",
            help="Where a secret or public key works.",
            show_default=ENVIRONMENT,
        ),
    ] = None,
) -> None:
    """Make a key and print it, this once: only a hash of it is kept.

    The key alone goes to stdout, all words to stderr.
    TOCSIN_SECRET_KEY must be the API's own: the hash is made with it.
    The environments are made too, where they are missing.
    """
    # Imported in the commands: `tocsin --help` and the others do not wait for the database's libraries.
    from cli.credentials import all_environments, connected, ensure_environments, store_key
    from models.tables.keys import new_key

    with _told():
        url, secret_key = _database_url(), _secret_key()
        owner = _owner(kind, environment)
        key = new_key(kind)
        with connected(url) as connection:
            ensure_environments(connection)
            environments = all_environments(connection)
            if owner is not None and owner not in environments:
                raise CommandError(f'there is no environment "{owner}"; they are {", ".join(environments)}')
            hint = store_key(connection, key, kind, environments[owner] if owner else None, secret_key)
    what = f"A {kind.value} key of {owner}" if owner else "A service token for all environments"
    typer.echo(f"{what}, …{hint} in `tocsin keys list`. It is shown this once; keep it now:", err=True)
    typer.echo(key)


@keys.command("list")
def list_command() -> None:
    """Every key ever made, by its last four characters; never the key."""
    from cli.credentials import connected, list_keys

    with _told(), connected(_database_url()) as connection:
        rows = [_COLUMNS, *(_line(row) for row in list_keys(connection))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


# A hint may begin with a dash.
@keys.command(context_settings={"ignore_unknown_options": True})
def revoke(
    key: Annotated[str, typer.Argument(metavar="HINT|ID", help="As `tocsin keys list` shows it.")],
) -> None:
    """Refuse a key from the next request on, for good. Make its successor first."""
    from cli.credentials import connected, list_keys, revoke_key

    with _told(), connected(_database_url()) as connection:
        row = _named(list_keys(connection), key)
        revoke_key(connection, row["id"])
    if row["revoked_at"] is not None:
        typer.echo(f"{_name(row)} was revoked at {_moment(row['revoked_at'])} already")
    else:
        typer.echo(f"{_name(row)} is revoked")


def _owner(kind: KeyKind, environment: str | None) -> str | None:
    """The environment that the key belongs to; None for a service token."""
    if kind is KeyKind.SERVICE:
        if environment is not None:
            raise CommandError("a service token is for all environments; leave out --environment")
        return None
    return environment or ENVIRONMENT


def _named(rows: list[Row], key: str) -> Row:
    """The one key of this id, or the one live key of this hint."""
    for row in rows:
        if str(row["id"]) == key.lower():
            return row
    found = [row for row in rows if row["hint"] == key.removeprefix("…") and row["revoked_at"] is None]
    if len(found) == 1:
        return found[0]
    if found:
        ids = "\n".join(f"  {row['id']}  {_name(row)}" for row in found)
        raise CommandError(f'{len(found)} keys end with "{key}"; name one by its id:\n{ids}')
    raise CommandError(
        f'no key that is still accepted ends with "{key}" or has this id; see `tocsin keys list`'
    )


def _line(row: Row) -> tuple[str, ...]:
    return (
        str(row["id"]),
        row["kind"],
        row["slug"] or "all",
        row["hint"],
        _moment(row["inserted_at"]),
        _moment(row["expires_at"]),
        _moment(row["revoked_at"]),
        "everyone knows it" if row["is_development"] else "",
    )


def _name(row: Row) -> str:
    where = f"of {row['slug']}" if row["slug"] else "for all environments"
    return f"the {row['kind']} key …{row['hint']} {where}"


def _moment(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else "-"


def _database_url() -> str:
    return _required("DATABASE_URL", "the API's Postgres, postgresql://user:password@host:5432/tocsin")


def _secret_key() -> str:
    secret_key = _required("TOCSIN_SECRET_KEY", "the master secret of the API that shall know the key")
    if len(secret_key) < SHORTEST_SECRET:
        raise CommandError(f"TOCSIN_SECRET_KEY must have at least {SHORTEST_SECRET} characters")
    return secret_key


def _required(variable: str, meaning: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise CommandError(
            f"set {variable}: {meaning}. (In the compose file's containers it is set. What `tocsin up` "
            "starts has its development keys already.)"
        )
    return value


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        typer.secho(f"tocsin keys: {error}", fg="red", err=True)
        raise typer.Exit(1) from error
