"""Users: identify and read."""

import json
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, field_validator

from api.dependencies import Credential, Db, UserCaller
from api.errors import InvalidParams, NotFound
from api.schemas.recipients import Recipient, show
from models.database import Database
from models.queries.recipients import find_unchanged
from models.tables.recipients import find_recipient, identify
from models.values.given import checked_id, properties_of
from models.values.refs import RecipientRef

LARGEST_PROPERTIES = 256 * 1024
"""Bytes of JSON that all of a user's properties may take (E-TRIGGER-15)."""

_OURS = {"id", "__typename", "__cursor", "updated_at"}
"""Fields that a user who was read carries, and that are not properties when sent back."""

router = APIRouter(prefix="/v1/users", tags=["Users"])


class IdentifyUserRequest(BaseModel):
    """The reserved properties; every other key is a custom one."""

    model_config = ConfigDict(extra="allow")

    name: str | None = None
    email: str | None = None
    phone_number: str | None = None
    avatar: str | None = None
    locale: str | None = None
    timezone: str | None = None
    created_at: str | None = None

    @field_validator("created_at")
    @classmethod
    def _is_a_time(cls, created_at: str | None) -> str | None:
        if created_at is not None:
            datetime.fromisoformat(created_at)
        return created_at


@router.get("/{user_id:id}")
async def get_user(user_id: str, caller: UserCaller, database: Db) -> Recipient:
    ref = RecipientRef(id=user_id)
    async with database.connection() as connection:
        row = await find_recipient(connection, caller.environment_id, ref)
    if row is None:
        raise NotFound(f'There is no user "{user_id}" in this environment; identify them with PUT first.')
    return _shown(ref, row)


@router.put("/{user_id:id}")
async def identify_user(
    user_id: str, caller: UserCaller, database: Db, body: IdentifyUserRequest | None = None
) -> Recipient:
    """Create the user or merge into their properties, deeply; what is to go is set to null."""
    ref = RecipientRef(id=checked_id(user_id))
    given = body.model_dump(mode="json", exclude_unset=True) if body else {}
    properties = properties_of(given, but=_OURS)
    _refuse_large(properties)
    async with database.connection() as connection:
        row = await find_unchanged(connection, caller.environment_id, ref, properties)
    return _shown(ref, row or await _identified(database, caller, ref, properties))


async def _identified(
    database: Database, caller: Credential, ref: RecipientRef, properties: dict[str, Any]
) -> DictRow:
    async with database.transaction() as connection:
        await identify(connection, caller.environment_id, ref, properties, datetime.now(UTC))
        row = await find_recipient(connection, caller.environment_id, ref)
        assert row is not None  # identified in this very transaction
        _refuse_large(row["properties"])
    return row


def _refuse_large(properties: dict[str, Any]) -> None:
    size = len(json.dumps(properties, ensure_ascii=False).encode())
    if size > LARGEST_PROPERTIES:
        most = f"{LARGEST_PROPERTIES // 1024} kB of JSON"
        raise InvalidParams.of("", f"A user's properties may take {most}; these take {size // 1024} kB.")


def _shown(ref: RecipientRef, row: DictRow) -> Recipient:
    return show(ref, row, row["updated_at"])
