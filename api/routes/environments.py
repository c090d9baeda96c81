"""Environments, as Knock's management API reads them."""

from fastapi import APIRouter

from api.dependencies import AccountCaller, Db, QueryString
from api.management_pages import management_slice, read_limited_page
from api.naming import existing_environment
from api.schemas import environments as schemas
from models.queries import environments as queries

router = APIRouter(prefix="/v1/environments", tags=["Environments"])


@router.get("")
async def list_environments(
    caller: AccountCaller, database: Db, query: QueryString
) -> schemas.PaginatedEnvironmentResponse:
    """In the order that commits are promoted in, development first."""
    page = read_limited_page(query, (int, str))
    async with database.connection() as connection:
        found = await queries.list_environments(connection, page)
    rows, info = management_slice(found, page, lambda row: (row["position"], row["slug"]))
    entries = [schemas.environment(row) for row in rows]
    return schemas.PaginatedEnvironmentResponse(entries=entries, page_info=info)


@router.get("/{environment_slug:id}")
async def get_environment(environment_slug: str, caller: AccountCaller, database: Db) -> schemas.Environment:
    async with database.connection() as connection:
        return schemas.environment(await existing_environment(connection, environment_slug))
