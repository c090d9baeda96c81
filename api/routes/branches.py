"""Branches of development: list, get, create, delete, rebase (E-VERSION-8, E-VERSION-9)."""

from typing import Any

from fastapi import APIRouter

from api.content_database import ContentDb
from api.dependencies import Credential, QueryString, ServiceCaller
from api.errors import InvalidParams, NotFound
from api.pagination import read_page, slice_of
from api.schemas import commits as schemas
from models.database import Connection
from models.queries.branches import list_branches
from models.queries.environments import find_environment
from publishing import branches
from publishing.mistakes import Missing
from publishing.space import Space

router = APIRouter(prefix="/v1/branches", tags=["Management: branches"])
LARGEST_PAGE = 100
MAIN = "main"
"""What Knock's CLI calls development beside its branches."""


@router.get("")
async def list_all(caller: ServiceCaller, database: ContentDb, query: QueryString) -> dict[str, Any]:
    """The one with the newest commit first."""
    page = read_page(query, (int,), LARGEST_PAGE, "limit")
    async with database.connection() as connection:
        rows = await list_branches(connection, caller.environment_id, page)
    part = slice_of(rows, page, lambda row: (row["place"],))
    return {
        "entries": [schemas.branch(row) for row in part.rows],
        "page_info": part.info.model_dump(exclude={"typename"}),
    }


@router.get("/{slug:id}")
async def get_branch(slug: str, caller: ServiceCaller, database: ContentDb) -> schemas.Branch:
    async with database.connection() as connection:
        try:
            return schemas.branch(await branches.find(connection, _main(caller), slug))
        except Missing as missing:
            raise NotFound(str(missing), code="branch_not_found") from missing


@router.post("/{slug:id}", status_code=201)
async def create_branch(slug: str, caller: ServiceCaller, database: ContentDb) -> schemas.Branch:
    """With all that is published in development; its name is no other place's."""
    async with database.transaction() as connection:
        await _require_free(connection, slug)
        return schemas.branch(await branches.create(connection, _main(caller), slug))


@router.delete("/{slug:id}", status_code=204)
async def delete_branch(slug: str, caller: ServiceCaller, database: ContentDb) -> None:
    """With everything on it that was not merged."""
    async with database.transaction() as connection:
        try:
            await branches.delete(connection, _main(caller), slug)
        except Missing as missing:
            raise NotFound(str(missing), code="branch_not_found") from missing


@router.put("/{slug:id}/rebase")
async def rebase_branch(slug: str, caller: ServiceCaller, database: ContentDb) -> schemas.Branch:
    """Take over what development did meanwhile; the branch's own commits stay as they are."""
    async with database.transaction() as connection:
        try:
            return schemas.branch(await branches.rebase(connection, _main(caller), slug))
        except Missing as missing:
            raise NotFound(str(missing), code="branch_not_found") from missing


def _main(caller: Credential) -> Space:
    """Branches are of an environment; a `?branch=` beside them has no meaning and is ignored."""
    return Space(caller.environment_id, caller.environment_id, caller.slug)


async def _require_free(connection: Connection, slug: str) -> None:
    """Raises InvalidParams."""
    if slug == MAIN or await find_environment(connection, slug) is not None:
        raise InvalidParams.of("branch_slug", f'"{slug}" is what an environment is called; choose another')
