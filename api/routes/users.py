"""Users: list, identify, read, delete and merge."""

from typing import Any

from fastapi import APIRouter

from api.dependencies import Caller, Db, QueryString, UserCaller
from api.errors import NotFound
from api.identifying import identified, read_identification
from api.recipient_pages import list_page
from api.schemas.recipients import Recipient, RecipientPage, show
from models.tables.recipients import find_recipient
from models.values.given import checked_id
from models.values.refs import USERS, RecipientRef

router = APIRouter(prefix="/v1/users", tags=["Users"])


@router.get("")
async def list_users(caller: Caller, database: Db, query: QueryString) -> RecipientPage:
    """The latest first; `include[]=preferences` adds every preference set."""
    async with database.connection() as connection:
        return await list_page(connection, caller.environment_id, USERS, query)


@router.get("/{user_id:id}")
async def get_user(user_id: str, caller: UserCaller, database: Db) -> Recipient:
    ref = RecipientRef(id=user_id)
    async with database.connection() as connection:
        row = await find_recipient(connection, caller.environment_id, ref)
    if row is None:
        raise _missing(user_id)
    return show(ref, row, row["updated_at"])


@router.put("/{user_id:id}")
async def identify_user(
    user_id: str, caller: UserCaller, database: Db, body: dict[str, Any] | None = None
) -> Recipient:
    """Create the user or merge into their properties, deeply; what is to go is set to null."""
    ref = RecipientRef(id=checked_id(user_id))
    row = await identified(database, caller.environment_id, read_identification(ref, body))
    return show(ref, row, row["updated_at"])


def _missing(user_id: str) -> NotFound:
    return NotFound(f'There is no user "{user_id}" in this environment; identify them with PUT first.')
