"""Marking messages as seen, read, interacted with or archived, one at a time or many."""

from datetime import UTC, datetime

from fastapi import APIRouter

from api.dependencies import Credential, Db, UserCaller
from api.errors import NotFound
from api.schemas import messages as schemas
from models.database import Connection, Database
from models.queries.engagement import mark, unmark
from models.queries.messages import find_messages, owned_by

router = APIRouter(prefix="/v1/messages", tags=["Messages"])


# Declared before the messages' own paths, which would take "batch" for a message.
@router.post("/batch/{status:mark_or_undoing}")
async def batch_mark_messages(
    status: str, body: schemas.BatchMessagesStatusRequest, caller: UserCaller, database: Db
) -> list[schemas.Message]:
    """Those that exist, as they are now; ids that do not are passed over."""
    if status.startswith("un"):
        return await _unmarked(database, caller, body.message_ids, status)
    return await _marked(database, caller, body.message_ids, status, body)


@router.put("/{message_id:id}/{status:mark}")
async def mark_message(
    message_id: str,
    status: str,
    caller: UserCaller,
    database: Db,
    body: schemas.MessageInteractedRequest | None = None,
) -> schemas.Message:
    """The time is that of the latest such call."""
    return _only(await _marked(database, caller, [message_id], status, body), message_id)


@router.delete("/{message_id:id}/{status:mark_or_undoing}")
async def unmark_message(message_id: str, status: str, caller: UserCaller, database: Db) -> schemas.Message:
    """`DELETE …/read` and `DELETE …/unread` are the same."""
    return _only(await _unmarked(database, caller, [message_id], status), message_id)


async def _marked(
    database: Database,
    caller: Credential,
    message_ids: list[str],
    status: str,
    body: schemas.MessageInteractedRequest | None,
) -> list[schemas.Message]:
    metadata = body.metadata if body and status == "interacted" else None
    async with database.connection() as connection:
        allowed = await _allowed(connection, caller, message_ids)
        await mark(connection, caller.environment_id, allowed, status, datetime.now(UTC), metadata)
        rows = await find_messages(connection, caller.environment_id, allowed)
    return [schemas.message(row) for row in rows]


async def _unmarked(
    database: Database, caller: Credential, message_ids: list[str], status: str
) -> list[schemas.Message]:
    async with database.connection() as connection:
        allowed = await _allowed(connection, caller, message_ids)
        await unmark(connection, caller.environment_id, allowed, status.removeprefix("un"), datetime.now(UTC))
        rows = await find_messages(connection, caller.environment_id, allowed)
    return [schemas.message(row) for row in rows]


async def _allowed(connection: Connection, caller: Credential, message_ids: list[str]) -> list[str]:
    """Those that the caller may reach: a user token opens its user's messages only."""
    if caller.user_id is None:
        return message_ids
    return await owned_by(connection, caller.environment_id, message_ids, caller.user_id)


def _only(messages: list[schemas.Message], message_id: str) -> schemas.Message:
    if not messages:
        raise NotFound(f'There is no message "{message_id}" in this environment.')
    return messages[0]
