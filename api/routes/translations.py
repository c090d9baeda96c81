"""Translations as content; a file is named by locale, namespace and tenant (E-VERSION-7)."""

from typing import Any

from fastapi import APIRouter

from api.content import Shelf
from api.content_database import ContentDb
from api.dependencies import ContentCaller, QueryString
from api.query import Query
from models.queries.resources import TranslationFilter
from models.values.content import ContentType, TranslationName
from publishing.kinds.translation import require_name
from rendering.translations.files import TranslationFileError, texts_of
from rendering.translations.writing import FORMATS, written

router = APIRouter(prefix="/v1/translations", tags=["Management: translations"])


SHELF = Shelf(ContentType.TRANSLATION)


@router.get("")
async def list_translations(caller: ContentCaller, database: ContentDb, query: QueryString) -> dict[str, Any]:
    """`locale_code`, `namespace`, `tenant` choose among them; `format` says how their content is written.

    Who asks for files of one format and for no tenant is Knock's CLI, which has no file for tenants' texts.
    """
    listed = await SHELF.list(database, caller, query, translations=_filter(query))
    return {**listed, "entries": [_formatted(one, query) for one in listed["entries"]]}


@router.get("/{locale_code:id}")
async def get_translation(
    locale_code: str, caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    """Wrapped, as the contract has it, and bare beside it, as Knock's CLI reads it."""
    translation = _formatted(await SHELF.get(database, caller, query, _key(locale_code, query)), query)
    return {**translation, "translation": translation}


@router.put("/{locale_code:id}/validate")
async def validate_translation(
    locale_code: str, body: dict[str, Any], caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.validate(database, caller, query, _key(locale_code, query), body)


@router.put("/{locale_code:id}")
async def upsert_translation(
    locale_code: str, body: dict[str, Any], caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.upsert(database, caller, query, _key(locale_code, query), body)


def _key(locale_code: str, query: Query) -> str:
    """Raises NotPublishable: what is no part must not become another one once they are joined."""
    name = TranslationName(locale_code, query.text("namespace"), query.text("tenant"))
    require_name(name)
    return str(name)


def _filter(query: Query) -> TranslationFilter:
    tenant = query.text("tenant")
    if tenant is None and query.text("format") is not None:
        tenant = ""
    return TranslationFilter(query.text("locale_code"), query.text("namespace"), tenant)


def _formatted(translation: dict[str, Any], query: Query) -> dict[str, Any]:
    """In the format that was asked for; what cannot be read (an old draft) stays as it is."""
    wanted = query.text("format")
    if wanted not in FORMATS or wanted == translation["format"]:
        return translation
    try:
        texts = texts_of(translation["format"], translation["content"])
    except TranslationFileError:
        return translation
    return {**translation, "format": wanted, "content": written(wanted, texts)}
