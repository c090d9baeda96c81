"""Variables, as Knock's management API reads them."""

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.dependencies import AccountCaller, Db, QueryString
from api.errors import InvalidParams, NotFound
from api.management_pages import management_slice, read_limited_page
from api.naming import named_environment
from api.query import Query
from api.schemas import variables as schemas
from models.queries import variables as queries
from models.queries.paging import Position

router = APIRouter(prefix="/v1/variables", tags=["Variables"])


@router.get("")
async def list_variables(
    caller: AccountCaller, database: Db, query: QueryString
) -> schemas.PaginatedVariableResponse:
    """Of one environment with its values, or of the account with the overrides of all environments."""
    page = read_limited_page(query, (str,))
    async with database.connection() as connection:
        environment = await named_environment(connection, query)
        environment_id = environment["id"] if environment else None
        found = await queries.list_variables(connection, environment_id, _kind(query), page)
        rows, info = management_slice(found, page, _position)
        overrides = None
        if environment is None:
            overrides = await queries.find_overrides(connection, [row["key"] for row in rows])
    entries = [schemas.variable(row, overrides) for row in rows]
    return schemas.PaginatedVariableResponse(entries=entries, page_info=info)


@router.get("/{key:id}")
async def get_variable(key: str, caller: AccountCaller, database: Db) -> schemas.Variable:
    async with database.connection() as connection:
        row = await queries.find_variable(connection, key)
        overrides = await queries.find_overrides(connection, [key])
    if row is None:
        raise NotFound(f'There is no variable "{key}".')
    return schemas.variable(row, overrides)


def _kind(query: Query) -> str | None:
    kind = query.text("type")
    if kind not in (None, "public", "secret"):
        raise InvalidParams.of("type", "must be public or secret")
    return kind


def _position(row: DictRow) -> Position:
    return (row["key"],)
