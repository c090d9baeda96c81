"""The commit log of the management API: list, get, commit all, promote (E-VERSION-3 to E-VERSION-7)."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.content_database import ContentDb
from api.dependencies import AccountCaller, ContentCaller, QueryString, ServiceToken
from api.errors import InvalidParams, NotFound, Refused
from api.pagination import BY_NUMBER, read_page, slice_of
from api.query import Query
from api.schemas import commits as schemas
from models.database import Connection
from models.queries.branches import find_branch
from models.queries.commits import CommitFilter, find_commit, list_commits
from models.queries.pipeline import find_next, find_target
from models.values.content import ContentType, Name
from models.values.development import ENVIRONMENT as DEVELOPMENT
from publishing.drafts import Selection, commit, commit_even_empty
from publishing.promotion import promote_all, promote_one
from publishing.space import Space

router = APIRouter(prefix="/v1/commits", tags=["Management: commits"])
LARGEST_PAGE = 100


@router.get("")
async def list_all(caller: ContentCaller, database: ContentDb, query: QueryString) -> dict[str, Any]:
    """Newest first; `promoted` tells whether the next environment has them."""
    chosen = _selection(query)
    page = read_page(query, BY_NUMBER, LARGEST_PAGE, "limit")
    wanted = CommitFilter(chosen.types, chosen.key, query.flag("promoted"))
    async with database.connection() as connection:
        rows = await list_commits(connection, caller.space.id, page, wanted)
    part = slice_of(rows, page, lambda row: (row["number"],))
    return {
        "entries": [schemas.commit(row) for row in part.rows],
        "page_info": part.info.model_dump(exclude={"typename"}),
    }


@router.put("")
async def commit_all(caller: ContentCaller, database: ContentDb, query: QueryString) -> dict[str, Any]:
    """Publish what is saved, all or none; `committed` names what changed."""
    chosen = _selection(query)
    message = query.text("commit_message")
    async with database.transaction() as connection:
        if query.flag("allow_empty") is True:
            name = _only(chosen)
            commits = await commit_even_empty(connection, caller.space, name, caller.author, message)
        else:
            commits = await commit(connection, caller.space, chosen, caller.author, message)
    return {"result": "success", "committed": [one.key for one in commits]}


@router.put("/promote")
async def promote_everything(
    caller: AccountCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    """Bring `to_environment` up to the one before it, or merge `branch` into development."""
    chosen = _selection(query)
    async with database.transaction() as connection:
        source, target = await _ends(connection, query)
        commits = await promote_all(connection, source, target, chosen, caller.author)
    return {"result": "success", "promoted": [one.key for one in commits]}


@router.get("/{commit_id:id}")
async def get_commit(commit_id: str, _caller: AccountCaller, database: ContentDb) -> schemas.Commit:
    async with database.connection() as connection:
        return schemas.commit(await _found(connection, commit_id))


@router.put("/{commit_id:id}/promote")
async def promote_commit(commit_id: str, caller: AccountCaller, database: ContentDb) -> dict[str, Any]:
    """One step: to the next environment, or from a branch to development."""
    async with database.transaction() as connection:
        row = await _found(connection, commit_id)
        promoted = await _promote(connection, row, caller)
        return {"commit": schemas.commit(promoted)}


async def _promote(connection: Connection, row: DictRow, caller: ServiceToken) -> DictRow:
    following = await find_next(connection, row["environment_id"])
    if following is None:
        raise Refused(
            f"No environment follows {row['slug']}; its commits are live.", code="commit_not_promotable"
        )
    source = space_of(row)
    target = Space(following["id"], following["id"], following["slug"])
    newest = await promote_one(connection, row, source, target, caller.author)
    promoted = await find_commit(connection, newest["id"])
    assert promoted is not None  # it was written in this transaction, or before
    return promoted


async def _found(connection: Connection, commit_id: str) -> DictRow:
    try:
        row = await find_commit(connection, UUID(commit_id))
    except ValueError:
        row = None
    if row is None:
        raise NotFound(f'There is no commit "{commit_id}".')
    return row


def space_of(row: DictRow) -> Space:
    """Where the commit was made."""
    if row["branch_of"] is None:
        return Space(row["environment_id"], row["environment_id"], row["slug"])
    return Space(row["environment_id"], row["branch_of"], row["main_slug"], row["slug"])


async def _ends(connection: Connection, query: Query) -> tuple[Space, Space]:
    slug, branch = query.text("to_environment"), query.text("branch")
    if slug is None:
        raise InvalidParams.of("to_environment", "is required: the environment to promote to")
    row = await find_target(connection, slug)
    if row is None:
        raise NotFound(f'There is no environment "{slug}".')
    target = Space(row["id"], row["id"], row["slug"])
    if branch is not None:
        if slug != DEVELOPMENT:
            raise InvalidParams.of("to_environment", f"must be {DEVELOPMENT} where a branch is merged")
        found = await find_branch(connection, target.id, branch)
        if found is None:
            raise NotFound(f'There is no branch "{branch}".', code="branch_not_found")
        return Space(found["id"], target.id, target.slug, branch), target
    if row["source_id"] is None:
        raise InvalidParams.of(
            "to_environment", f"is {slug}, which nothing comes before; name a branch to merge into it"
        )
    return Space(row["source_id"], row["source_id"], row["source_slug"]), target


def _selection(query: Query) -> Selection:
    """`resource_type`, once or several times, and `resource_id` with it."""
    given, key = query.texts("resource_type"), query.text("resource_id")
    known = [one.value for one in ContentType]
    for kind in given:
        if kind not in known:
            raise InvalidParams.of(
                "resource_type", f'"{kind}" is unknown; expected one of {", ".join(known)}'
            )
    if key is not None and not given:
        raise InvalidParams.of("resource_type", "is required beside resource_id")
    return Selection([ContentType(kind) for kind in given], key)


def _only(chosen: Selection) -> Name:
    if len(chosen.types) != 1 or chosen.key is None:
        raise InvalidParams.of(
            "allow_empty", "needs exactly one resource_type and one resource_id: what to commit again"
        )
    return Name(next(iter(chosen.types)), chosen.key)
