"""Partials as content: the management API's routes for them (spec/api.md §6)."""

from typing import Any

from fastapi import APIRouter

from api.content import Shelf
from api.content_database import ContentDb
from api.dependencies import ContentCaller, QueryString
from models.values.content import ContentType

router = APIRouter(prefix="/v1/partials", tags=["Management: partials"])
SHELF = Shelf(ContentType.PARTIAL)


@router.get("")
async def list_partials(caller: ContentCaller, database: ContentDb, query: QueryString) -> dict[str, Any]:
    return await SHELF.list(database, caller, query)


@router.get("/{key:id}")
async def get_partial(
    key: str, caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.get(database, caller, query, key)


@router.put("/{key:id}/validate")
async def validate_partial(
    key: str, body: dict[str, Any], caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.validate(database, caller, query, key, body)


@router.put("/{key:id}")
async def upsert_partial(
    key: str, body: dict[str, Any], caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.upsert(database, caller, query, key, body)
