"""Audiences as content: the management API's routes for them (spec/api.md §6)."""

from typing import Any

from fastapi import APIRouter

from api.content import Shelf
from api.content_database import ContentDb
from api.dependencies import ContentCaller, QueryString
from api.query import Query
from models.values.content import ContentType

router = APIRouter(prefix="/v1/audiences", tags=["Management: audiences"])
SHELF = Shelf(ContentType.AUDIENCE)


@router.get("")
async def list_audiences(caller: ContentCaller, database: ContentDb, query: QueryString) -> dict[str, Any]:
    return await SHELF.list(database, caller, query)


@router.get("/{key:id}")
async def get_audience(
    key: str, caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.get(database, caller, query, key)


@router.put("/{key:id}/validate")
async def validate_audience(
    key: str, body: dict[str, Any], caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.validate(database, caller, query, key, body)


@router.put("/{key:id}")
async def upsert_audience(
    key: str, body: dict[str, Any], caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    """Without an environment the caller is Knock's CLI, which for audiences loses all parameters (1.1.2)."""
    if query.text("environment") is None:
        query = Query({**query.values, "annotate": "true"})
    return await SHELF.upsert(database, caller, query, key, body)


@router.delete("/{key:id}")
async def archive_audience(key: str, caller: ContentCaller, database: ContentDb) -> dict[str, Any]:
    return await SHELF.archive(database, caller, key)
