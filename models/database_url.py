"""Where Postgres is, as people write it."""

from typing import Annotated

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, timeout_from_conninfo
from pydantic import AfterValidator


def readable(url: str) -> str:
    """The same, where libpq can read it: a URL or `host=… dbname=…`.

    Raises:
        ValueError: it cannot; says what to give, without repeating it, as it holds a password.
    """
    try:
        given = conninfo_to_dict(url)
        timeout_from_conninfo(given)
    except ProgrammingError:
        raise ValueError("give it as postgresql://user:password@host:port/name") from None
    # A host that begins with it is an abstract socket. Elsewhere it is the rest of a password, which
    # everybody would read in what is said of that host.
    if "@" in str(given.get("host") or "")[1:]:
        raise ValueError("in a password write @ as %40, as in postgresql://user:p%40ss@host:port/name")
    return url


DatabaseUrl = Annotated[str, AfterValidator(readable)]
"""As settings are given it."""
