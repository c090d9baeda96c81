"""Translations as content; a file is named by locale, namespace and tenant (E-VERSION-7)."""

from typing import Any

from fastapi import APIRouter

from api.content import Shelf
from api.dependencies import ContentCaller, Db, QueryString
from api.query import Query
from models.queries.resources import TranslationFilter
from models.values.content import ContentType, TranslationName

router = APIRouter(prefix="/v1/translations", tags=["Management: translations"])


SHELF = Shelf(ContentType.TRANSLATION)


@router.get("")
async def list_translations(caller: ContentCaller, database: Db, query: QueryString) -> dict[str, Any]:
    """`locale_code`, `namespace`, `tenant` choose among them."""
    return await SHELF.list(database, caller, query, translations=_filter(query))


@router.get("/{locale_code:id}")
async def get_translation(
    locale_code: str, caller: ContentCaller, database: Db, query: QueryString
) -> dict[str, Any]:
    return {"translation": await SHELF.get(database, caller, query, _key(locale_code, query))}


@router.put("/{locale_code:id}/validate")
async def validate_translation(
    locale_code: str, body: dict[str, Any], caller: ContentCaller, database: Db, query: QueryString
) -> dict[str, Any]:
    return await SHELF.validate(database, caller, query, _key(locale_code, query), body)


@router.put("/{locale_code:id}")
async def upsert_translation(
    locale_code: str, body: dict[str, Any], caller: ContentCaller, database: Db, query: QueryString
) -> dict[str, Any]:
    return await SHELF.upsert(database, caller, query, _key(locale_code, query), body)


def _key(locale_code: str, query: Query) -> str:
    return str(TranslationName(locale_code, query.text("namespace"), query.text("tenant")))


def _filter(query: Query) -> TranslationFilter:
    return TranslationFilter(query.text("locale_code"), query.text("namespace"), query.text("tenant"))
