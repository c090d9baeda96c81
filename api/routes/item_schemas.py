"""Schemas: what is known of the properties of users, tenants and objects. Additive, unversioned."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.dependencies import Credential, Db, QueryString, ServiceCaller
from api.errors import InvalidParams
from api.management_pages import ManagementPageInfo
from api.query import Query
from api.schemas import item_schemas as schemas
from models.database import Connection
from models.queries import item_schemas as queries
from models.queries.item_schemas import Item

router = APIRouter(prefix="/v1/schemas", tags=["Schemas"])


@router.get("")
async def list_schemas(
    caller: ServiceCaller, database: Db, query: QueryString
) -> schemas.PaginatedItemSchemaResponse:
    """Users and tenants always, objects by collection; one page. A branch has development's."""
    wanted = query.text("item_type")
    async with database.connection() as connection:
        rows = await queries.list_properties(connection, caller.environment_id)
    collections = sorted({row["collection"] for row in rows if row["item"] == "object"})
    items = [*(("user", ""), ("tenant", "")), *(("object", one) for one in collections)]
    entries = [
        schemas.schema(_item_type(name), collection, _of(rows, name, collection))
        for name, collection in items
        if wanted in (None, name)
    ]
    info = ManagementPageInfo(after=None, before=None, page_size=len(entries))
    return schemas.PaginatedItemSchemaResponse(entries=entries, page_info=info)


@router.get("/{item_type:id}")
async def get_schema(
    item_type: str, caller: ServiceCaller, database: Db, query: QueryString
) -> schemas.ItemSchema:
    """Empty for an item of which nothing was said yet."""
    item = _item(item_type, caller, query)
    async with database.connection() as connection:
        return await _found(connection, item)


@router.put("/{item_type:id}")
async def upsert_schema(
    item_type: str,
    caller: ServiceCaller,
    database: Db,
    query: QueryString,
    body: dict[str, Any] | None = None,
) -> schemas.ItemSchema:
    """Add or change properties; those that are not named stay."""
    item, request = _item(item_type, caller, query), schemas.request_of(body)
    async with database.transaction() as connection:
        return await _written(connection, item, request)


@router.put("/{item_type:id}/validate")
async def validate_schema(
    item_type: str,
    caller: ServiceCaller,
    database: Db,
    query: QueryString,
    body: dict[str, Any] | None = None,
) -> schemas.ItemSchema:
    """What PUT would answer; nothing is kept."""
    item, request = _item(item_type, caller, query), schemas.request_of(body)
    async with database.connection() as connection, connection.transaction(force_rollback=True):
        return await _written(connection, item, request)


async def _written(
    connection: Connection, item: Item, request: schemas.ItemSchemaRequest
) -> schemas.ItemSchema:
    now = datetime.now(UTC)
    await queries.lock_item(connection, item)
    known = {row["key"]: row for row in await queries.find_properties(connection, item)}
    for given in request.properties:
        await queries.upsert_property(connection, item, schemas.merged(known.get(given.key), given), now)
    return await _found(connection, item)


async def _found(connection: Connection, item: Item) -> schemas.ItemSchema:
    rows = await queries.find_properties(connection, item)
    return schemas.schema(_item_type(item.type), item.collection, rows)


def _item(item_type: str, caller: Credential, query: Query) -> Item:
    """Who is meant; a collection is `collection`, or `item_id` as Knock's newer CLI calls it."""
    collection = query.text("collection") or query.text("item_id") or ""
    known = _item_type(item_type)
    if known == "object" and not collection:
        raise InvalidParams.of("collection", "is missing: objects have a schema for each collection")
    return Item(caller.environment_id, known, collection if known == "object" else "")


def _item_type(name: str) -> schemas.ItemType:
    for known in schemas.ITEM_TYPES:
        if known == name:
            return known
    raise InvalidParams.of("item_type", f"must be one of {', '.join(schemas.ITEM_TYPES)}")


def _of(rows: list[DictRow], name: str, collection: str) -> list[DictRow]:
    return [row for row in rows if row["item"] == name and row["collection"] == collection]
