"""DATABASE_URL, as commands are given it."""

from cli.errors import CommandError
from models.database_url import readable


def checked(url: str) -> str:
    """The same; raises CommandError where nobody can read it, without repeating its password."""
    try:
        return readable(url)
    except ValueError as error:
        raise CommandError(f"DATABASE_URL cannot be read: {error}") from error
