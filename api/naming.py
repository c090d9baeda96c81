"""Environments that a management call may leave out."""

from psycopg.rows import DictRow

from api.errors import NotFound
from api.query import Query
from models.database import Connection
from models.queries.environments import find_environment


async def named_environment(connection: Connection, query: Query) -> DictRow | None:
    """The environment in `?environment=`, None where none is named; raises NotFound for an unknown one."""
    slug = query.text("environment")
    return None if slug is None else await existing_environment(connection, slug)


async def existing_environment(connection: Connection, slug: str) -> DictRow:
    """The environment of this slug; raises NotFound."""
    row = await find_environment(connection, slug)
    if row is None:
        raise NotFound(f'There is no environment "{slug}".')
    return row
