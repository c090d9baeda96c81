"""`tocsin db`: the database's schema."""

import os

import typer

db = typer.Typer(help="The database's schema.", no_args_is_help=True)


@db.callback()
def about() -> None:
    """The database's schema."""


@db.command()
def upgrade() -> None:
    """Bring the database at DATABASE_URL to this version's schema; many may run it at once."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        typer.secho(
            "tocsin db upgrade: set DATABASE_URL, e.g. postgresql://user:password@host:5432/tocsin "
            "(`tocsin up` upgrades its own database itself)",
            fg="red",
            err=True,
        )
        raise typer.Exit(1)
    # Imported here: no other command waits for alembic.
    from models.migrations import upgrade as upgrade_schema

    upgrade_schema(url)
