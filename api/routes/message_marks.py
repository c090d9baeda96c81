"""Marking messages as seen, read, interacted with or archived, one at a time or many."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Response
from psycopg.rows import DictRow

from api.dependencies import Credential, Db, TemporalClient, UserCaller
from api.errors import NotFound
from api.schemas import messages as schemas
from dispatch.waking import wake_for_messages
from models.database import Connection
from models.queries.engagement import mark, marked_since, unmark
from models.queries.messages import find_messages, owned_by

LEAST_PAUSE = timedelta(seconds=1)
"""Between two calls that give a message the same status (E-LIMITS 45)."""
LIMITED = "x-ratelimited-message_ids"

router = APIRouter(prefix="/v1/messages", tags=["Messages"])


# Declared before the messages' own paths, which would take "batch" for a message.
@router.post("/batch/{status:mark_or_undoing}")
async def batch_mark_messages(
    status: str,
    body: schemas.BatchMessagesStatusRequest,
    caller: UserCaller,
    database: Db,
    temporal: TemporalClient,
    response: Response,
) -> list[schemas.Message]:
    """Those that exist, as they are now; ids that do not are passed over.

    A message that was given this status less than a second ago stays as it is, and a header names it
    (E-MSG-13).
    """
    since = datetime.now(UTC) - LEAST_PAUSE
    async with database.connection() as connection:
        recent = await marked_since(connection, caller.environment_id, body.message_ids, status, since)
        wanted = [message_id for message_id in body.message_ids if message_id not in recent]
        if status.startswith("un"):
            await _unmark(connection, caller, wanted, status)
        else:
            await _mark(connection, caller, wanted, status, body)
        rows = await _readable(connection, caller, body.message_ids)
    await wake_for_messages(database, temporal, caller.environment_id, wanted)
    limited = [row["id"] for row in rows if row["id"] in recent]
    if limited:
        response.headers[LIMITED] = ",".join(limited)
    return [schemas.message(row) for row in rows]


@router.put("/{message_id:id}/{status:mark}")
async def mark_message(
    message_id: str,
    status: str,
    caller: UserCaller,
    database: Db,
    temporal: TemporalClient,
    body: schemas.MessageInteractedRequest | None = None,
) -> schemas.Message:
    """The time is that of the latest such call."""
    async with database.connection() as connection:
        await _mark(connection, caller, [message_id], status, body)
        marked = _only(await _readable(connection, caller, [message_id]), message_id)
    await wake_for_messages(database, temporal, caller.environment_id, [message_id])
    return marked


@router.delete("/{message_id:id}/{status:mark_or_undoing}")
async def unmark_message(
    message_id: str, status: str, caller: UserCaller, database: Db, temporal: TemporalClient
) -> schemas.Message:
    """`DELETE …/read` and `DELETE …/unread` are the same."""
    async with database.connection() as connection:
        await _unmark(connection, caller, [message_id], status)
        unmarked = _only(await _readable(connection, caller, [message_id]), message_id)
    await wake_for_messages(database, temporal, caller.environment_id, [message_id])
    return unmarked


async def _mark(
    connection: Connection,
    caller: Credential,
    message_ids: list[str],
    status: str,
    body: schemas.MessageInteractedRequest | None,
) -> None:
    metadata = body.metadata if body and status == "interacted" else None
    allowed = await _allowed(connection, caller, message_ids)
    await mark(connection, caller.environment_id, allowed, status, datetime.now(UTC), metadata)


async def _unmark(connection: Connection, caller: Credential, message_ids: list[str], status: str) -> None:
    allowed = await _allowed(connection, caller, message_ids)
    await unmark(connection, caller.environment_id, allowed, status.removeprefix("un"), datetime.now(UTC))


async def _readable(connection: Connection, caller: Credential, message_ids: list[str]) -> list[DictRow]:
    allowed = await _allowed(connection, caller, message_ids)
    return await find_messages(connection, caller.environment_id, allowed)


async def _allowed(connection: Connection, caller: Credential, message_ids: list[str]) -> list[str]:
    """Those that the caller may reach: a user token opens its user's messages only."""
    if caller.user_id is None:
        return message_ids
    return await owned_by(connection, caller.environment_id, message_ids, caller.user_id)


def _only(rows: list[DictRow], message_id: str) -> schemas.Message:
    if not rows:
        raise NotFound(f'There is no message "{message_id}" in this environment.')
    return schemas.message(rows[0])
