"""Where Postgres is, as people write it."""

from typing import Annotated

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator


def readable(url: str) -> str:
    """The same, where libpq can read it: a URL or `host=… dbname=…`.

    Raises:
        ValueError: it cannot; says what to give, without repeating it, as it holds a password.
    """
    try:
        conninfo_to_dict(url)
    except ProgrammingError:
        raise ValueError("give it as postgresql://user:password@host:port/name") from None
    return url


DatabaseUrl = Annotated[str, AfterValidator(readable)]
"""As settings are given it."""
