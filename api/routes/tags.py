"""Tags of the account's resources."""

from datetime import UTC, datetime

from fastapi import APIRouter
from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import AccountCaller, Db
from api.errors import InvalidParams, NotFound
from api.schemas.resource import Moment
from models.queries import catalogues as queries

router = APIRouter(prefix="/v1/tags", tags=["Tags"])

LONGEST_NAME = 255


class TagRequest(BaseModel):
    """What is left out becomes null."""

    model_config = ConfigDict(extra="forbid")

    color: str | None = Field(default=None, pattern=r"^#(?:[A-Fa-f0-9]{3}|[A-Fa-f0-9]{6})$")
    description: str | None = None


class WrappedTagRequest(BaseModel):
    tag: TagRequest


class Tag(BaseModel):
    """As in Knock."""

    name: str
    color: str | None
    description: str | None
    created_at: Moment
    updated_at: Moment


class WrappedTagResponse(BaseModel):
    tag: Tag


class TagsResponse(BaseModel):
    entries: list[Tag]


@router.get("")
async def list_tags(caller: AccountCaller, database: Db) -> TagsResponse:
    """All of them, by name."""
    async with database.connection() as connection:
        rows = await queries.list_tags(connection)
    return TagsResponse(entries=[_shown(row) for row in rows])


@router.put("/{name:id}")
async def upsert_tag(
    name: str, caller: AccountCaller, database: Db, body: WrappedTagRequest | None = None
) -> WrappedTagResponse:
    """Replaces color and description; without a body both become null."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InvalidParams.of("name", f"must have 1 to {LONGEST_NAME} characters, and not only spaces")
    given = body.tag if body else TagRequest()
    async with database.connection() as connection:
        row = await queries.upsert_tag(connection, name, given.color, given.description, datetime.now(UTC))
    return WrappedTagResponse(tag=_shown(row))


@router.delete("/{name:id}", status_code=204)
async def delete_tag(name: str, caller: AccountCaller, database: Db) -> None:
    async with database.connection() as connection:
        if not await queries.delete_tag(connection, name):
            raise NotFound(f'There is no tag "{name}".')


def _shown(row: DictRow) -> Tag:
    kept = ("name", "color", "description", "updated_at")
    return Tag(**{name: row[name] for name in kept}, created_at=row["inserted_at"])
