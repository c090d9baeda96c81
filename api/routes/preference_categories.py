"""Preference categories of the account."""

from datetime import UTC, datetime

from fastapi import APIRouter
from psycopg.rows import DictRow
from pydantic import BaseModel

from api.dependencies import AccountCaller, Db
from api.errors import InvalidParams, NotFound
from api.schemas.resource import Moment
from models.queries import catalogues as queries

router = APIRouter(prefix="/v1/preference_categories", tags=["Preference categories"])

LONGEST_NAME = 255


class PreferenceCategory(BaseModel):
    """As in Knock."""

    name: str
    archived_at: Moment | None
    created_at: Moment
    updated_at: Moment


class WrappedPreferenceCategoryResponse(BaseModel):
    preference_category: PreferenceCategory


class PreferenceCategoriesResponse(BaseModel):
    entries: list[PreferenceCategory]


@router.get("")
async def list_preference_categories(caller: AccountCaller, database: Db) -> PreferenceCategoriesResponse:
    """All that are not archived, by name."""
    async with database.connection() as connection:
        rows = await queries.list_categories(connection)
    return PreferenceCategoriesResponse(entries=[_shown(row) for row in rows])


@router.put("/{name:id}")
async def upsert_preference_category(
    name: str, caller: AccountCaller, database: Db
) -> WrappedPreferenceCategoryResponse:
    """The category, made if it is not there. Names are case-sensitive and may have spaces (E-PREF-1)."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InvalidParams.of("name", f"must have 1 to {LONGEST_NAME} characters, and not only spaces")
    async with database.connection() as connection:
        row = await queries.upsert_category(connection, name, datetime.now(UTC))
    return WrappedPreferenceCategoryResponse(preference_category=_shown(row))


@router.delete("/{name:id}", status_code=204)
async def delete_preference_category(name: str, caller: AccountCaller, database: Db) -> None:
    """Archives it; preferences that name it keep their meaning."""
    async with database.connection() as connection:
        if not await queries.archive_category(connection, name, datetime.now(UTC)):
            raise NotFound(f'There is no preference category "{name}".')


def _shown(row: DictRow) -> PreferenceCategory:
    kept = ("name", "archived_at", "updated_at")
    return PreferenceCategory(**{name: row[name] for name in kept}, created_at=row["inserted_at"])
