"""Users: list, identify, read, delete and merge."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from api.dependencies import Caller, Db, QueryString, TemporalClient, UserCaller
from api.errors import InvalidParams, NotFound
from api.identifying import UserIdentifier, read_identification
from api.recipient_pages import list_page
from api.schemas.recipients import Recipient, RecipientPage, show
from dispatch.leaving import tell_of_removal
from dispatch.schedules import rouse
from models.tables.recipient_merging import merge_user
from models.tables.recipient_removal import lock_recipients, remove_recipients
from models.tables.recipients import find_recipient
from models.tables.schedules import find_in_other_zone
from models.values.given import checked_id
from models.values.refs import USERS, RecipientRef

router = APIRouter(prefix="/v1/users", tags=["Users"])


class MergeUserRequest(BaseModel):
    """Who is merged into the user of the path, and is gone afterwards."""

    from_user_id: str


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
    user_id: str, identifier: UserIdentifier, body: dict[str, Any] | None = None
) -> Recipient:
    """Create the user or merge into their properties, deeply; what is to go is set to null."""
    ref = RecipientRef(id=checked_id(user_id))
    row = await identifier.identified(read_identification(ref, body))
    return show(ref, row, row["updated_at"])


@router.delete("/{user_id:id}", status_code=204)
async def delete_user(user_id: str, caller: Caller, database: Db, temporal: TemporalClient) -> None:
    """Delete the user with everything kept of them; their runs end before the next step."""
    async with database.transaction() as connection:
        removed = await remove_recipients(
            connection, caller.environment_id, USERS, [user_id], datetime.now(UTC)
        )
    if not removed.ids:
        raise _missing(user_id)
    await tell_of_removal(temporal, removed)


@router.post("/{user_id:id}/merge")
async def merge_users(
    user_id: str, body: MergeUserRequest, caller: Caller, database: Db, temporal: TemporalClient
) -> Recipient:
    """Move another user's state and history into this one, who wins where both say something."""
    kept, gone = RecipientRef(id=user_id), RecipientRef(id=body.from_user_id)
    if kept == gone:
        raise InvalidParams.of("from_user_id", "must be another user than the one of the path")
    async with database.transaction() as connection:
        place = (connection, caller.environment_id)
        known = await lock_recipients(*place, USERS, [kept.id, gone.id])
        for ref in (kept, gone):
            if ref.id not in known:
                raise _missing(ref.id)
        removed = await merge_user(*place, kept, gone, datetime.now(UTC))
        moved = await find_in_other_zone(*place, kept)
        row = await find_recipient(*place, kept)
    assert row is not None  # locked above
    await tell_of_removal(temporal, removed)
    await rouse(temporal, caller.environment_id, moved)
    return show(kept, row, row["updated_at"])


def _missing(user_id: str) -> NotFound:
    return NotFound(f'There is no user "{user_id}" in this environment; identify them with PUT first.')
