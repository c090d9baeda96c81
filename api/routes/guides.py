"""Guides as content: the management API's routes for them (spec/api.md §6)."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from api.content import Shelf, found, shown
from api.content_database import ContentDb
from api.dependencies import ContentCaller, QueryString
from api.errors import InvalidParams
from models.queries.resources import Activation, set_active
from models.values.content import ContentType, Name

router = APIRouter(prefix="/v1/guides", tags=["Management: guides"])
SHELF = Shelf(ContentType.GUIDE)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


@router.get("")
async def list_guides(caller: ContentCaller, database: ContentDb, query: QueryString) -> dict[str, Any]:
    return await SHELF.list(database, caller, query)


@router.get("/{key:id}")
async def get_guide(
    key: str, caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.get(database, caller, query, key)


@router.put("/{key:id}/validate")
async def validate_guide(
    key: str, body: dict[str, Any], caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.validate(database, caller, query, key, body)


@router.put("/{key:id}")
async def upsert_guide(
    key: str, body: dict[str, Any], caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.upsert(database, caller, query, key, body)


@router.delete("/{key:id}")
async def archive_guide(key: str, caller: ContentCaller, database: ContentDb) -> dict[str, Any]:
    return await SHELF.archive(database, caller, key)


@router.put("/{key:id}/activate")
async def activate_guide(
    key: str,
    caller: ContentCaller,
    database: ContentDb,
    query: QueryString,
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Switch it on or off at once (`status`), or for a time (`from`, `until`); it is never promoted."""
    given = body or {}
    status = given.get("status", query.flag("status"))
    since = _moment("from", given.get("from", query.text("from")))
    until = _moment("until", given.get("until", query.text("until")))
    scheduled = since is not None or until is not None
    if isinstance(status, bool) is scheduled:
        raise InvalidParams.of("status", "must be true or false; or give from and until instead, not both")
    if since is not None and until is not None and until <= since:
        raise InvalidParams.of("until", "must be later than from")
    active = status if isinstance(status, bool) else True
    name = Name(ContentType.GUIDE, key)
    async with database.transaction() as connection:
        await found(connection, caller.space, name)
        await set_active(
            connection, caller.space.id, name, Activation(active, since, until), datetime.now(UTC)
        )
        row = await found(connection, caller.space, name)
    return {"guide": shown(row, caller.space, query)}


def _moment(field: str, given: Any) -> datetime | None:
    try:
        return None if given is None else _MOMENT.validate_python(given)
    except ValidationError as error:
        raise InvalidParams.of(field, "must be a time with its zone, as ISO 8601") from error
