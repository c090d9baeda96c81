"""`tocsin db`: the database's schema."""

import os

import typer

from cli.errors import CommandError
from cli.management import told

db = typer.Typer(help="The database's schema.", no_args_is_help=True)


@db.callback()
def about() -> None:
    """The database's schema."""


@db.command()
def upgrade() -> None:
    """Bring the database at DATABASE_URL to this version's schema; many may run it at once."""
    # Imported here: no other command waits for alembic.
    from sqlalchemy.exc import OperationalError

    from cli.database_url import checked
    from models.migrations import upgrade as upgrade_schema

    with told("tocsin db upgrade"):
        url = os.environ.get("DATABASE_URL")
        if not url:
            raise CommandError(
                "set DATABASE_URL, e.g. postgresql://user:password@host:5432/tocsin "
                "(`tocsin up` upgrades its own database itself)"
            )
        try:
            upgrade_schema(checked(url))
        except OperationalError as error:
            if error.statement is not None:
                raise  # In the middle of it.
            raise CommandError(f"the database does not answer; check DATABASE_URL: {error.orig}") from error
