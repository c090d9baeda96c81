"""`tocsin db`: the database's schema."""

import os
from typing import NoReturn

import typer

db = typer.Typer(help="The database's schema.", no_args_is_help=True)


@db.callback()
def about() -> None:
    """The database's schema."""


@db.command()
def upgrade() -> None:
    """Bring the database at DATABASE_URL to this version's schema; many may run it at once."""
    # Imported here: no other command waits for alembic.
    from sqlalchemy.exc import OperationalError

    from models.database_url import readable
    from models.migrations import upgrade as upgrade_schema

    url = os.environ.get("DATABASE_URL")
    if not url:
        _fail(
            "set DATABASE_URL, e.g. postgresql://user:password@host:5432/tocsin "
            "(`tocsin up` upgrades its own database itself)"
        )
    try:
        readable(url)
    except ValueError as error:
        _fail(f"DATABASE_URL cannot be read: {error}")
    try:
        upgrade_schema(url)
    except OperationalError as error:
        _fail(f"the database does not answer; check DATABASE_URL: {error.orig}")


def _fail(message: str) -> NoReturn:
    typer.secho(f"tocsin db upgrade: {message}", fg="red", err=True)
    raise typer.Exit(1)
