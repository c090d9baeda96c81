"""Reading messages: lists, content, events, activities, delivery logs."""

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.data_filter import read_data_filter
from api.dependencies import Caller, Credential, Db, QueryString, UserCaller
from api.errors import InvalidParams, NotFound
from api.message_lists import kept_since, message_page
from api.pagination import BY_TIME, read_page, slice_of
from api.schemas import activities as activity_schemas
from api.schemas import messages as schemas
from models.database import Connection
from models.queries import activities as activity_queries
from models.queries import messages as queries
from models.queries.recipients import find_recipients
from models.values.refs import RecipientRef

MOST_CONTENTS = 25
"""Messages whose contents one call may ask for."""

router = APIRouter(prefix="/v1/messages", tags=["Messages"])


@router.get("")
async def list_messages(caller: Caller, database: Db, query: QueryString) -> schemas.ListMessagesResponse:
    """Newest first."""
    async with database.connection() as connection:
        return await message_page(connection, caller.environment_id, query)


# Declared before the messages' own paths, which would take "batch" for a message.
@router.get("/batch/content")
async def batch_get_message_contents(
    caller: Caller, database: Db, query: QueryString
) -> list[schemas.MessageContents]:
    """Of those that exist, in the order they were named; ids that do not are passed over."""
    message_ids = query.texts("message_ids")
    if not message_ids:
        raise InvalidParams.of("message_ids", "is required")
    if len(message_ids) > MOST_CONTENTS:
        raise InvalidParams.of("message_ids", f"may name at most {MOST_CONTENTS} messages")
    async with database.connection() as connection:
        rows = await queries.list_contents(connection, caller.environment_id, message_ids, kept_since())
    return [schemas.contents(row) for row in rows]


@router.get("/{message_id:id}")
async def get_message(message_id: str, caller: UserCaller, database: Db) -> schemas.Message:
    async with database.connection() as connection:
        return schemas.message(await _find(connection, caller, message_id))


@router.get("/{message_id:id}/content")
async def get_message_contents(message_id: str, caller: Caller, database: Db) -> schemas.MessageContents:
    async with database.connection() as connection:
        rows = await queries.list_contents(connection, caller.environment_id, [message_id], kept_since())
    if not rows:
        raise no_message(message_id)
    return schemas.contents(rows[0])


@router.get("/{message_id:id}/events")
async def list_message_events(
    message_id: str, caller: Caller, database: Db, query: QueryString
) -> schemas.ListMessageEventsResponse:
    """Newest first."""
    page = read_page(query, BY_TIME)
    async with database.connection() as connection:
        message = await _find(connection, caller, message_id)
        rows = await queries.list_events(connection, caller.environment_id, message_id, page)
    found = slice_of(rows, page, schemas.position)
    items = [schemas.message_event(row, message) for row in found.rows]
    return schemas.ListMessageEventsResponse(items=items, page_info=found.info)


@router.get("/{message_id:id}/delivery_logs")
async def list_message_delivery_logs(
    message_id: str, caller: Caller, database: Db, query: QueryString
) -> schemas.ListMessageDeliveryLogsResponse:
    """Newest first; in-app messages have none, since nobody outside is told."""
    page = read_page(query, BY_TIME)
    async with database.connection() as connection:
        await _find(connection, caller, message_id)
        rows = await queries.list_delivery_logs(connection, caller.environment_id, message_id, page)
    found = slice_of(rows, page, schemas.position)
    items = [schemas.delivery_log(row) for row in found.rows]
    return schemas.ListMessageDeliveryLogsResponse(items=items, page_info=found.info)


@router.get("/{message_id:id}/activities")
async def list_message_activities(
    message_id: str, caller: Caller, database: Db, query: QueryString
) -> activity_schemas.ListActivitiesResponse:
    """One for a message that was not batched, else one for each trigger in its batch, oldest first."""
    page = read_page(query, activity_schemas.BY_ACCEPTANCE)
    wanted = read_data_filter(query)
    async with database.connection() as connection:
        message = await _find(connection, caller, message_id)
        rows = await activity_queries.list_activities(connection, message, page, wanted)
        found = slice_of(rows, page, activity_schemas.position)
        refs = activity_schemas.refs_in(found.rows)
        known = await find_recipients(connection, caller.environment_id, refs)
    items = [activity_schemas.activity(row, known) for row in found.rows]
    return activity_schemas.ListActivitiesResponse(items=items, page_info=found.info)


async def _find(connection: Connection, caller: Credential, message_id: str) -> DictRow:
    """What is past retention is not there any more (E-MSG-15)."""
    row = await queries.find_message(connection, caller.environment_id, message_id)
    if row is None or row["inserted_at"] < kept_since() or not _is_readable(row, caller):
        raise no_message(message_id)
    return row


def _is_readable(row: DictRow, caller: Credential) -> bool:
    """A user token opens its user's messages only."""
    owner = RecipientRef(collection=row["recipient_collection"], id=row["recipient_id"])
    return caller.user_id is None or owner == RecipientRef(id=caller.user_id)


def no_message(message_id: str) -> NotFound:
    return NotFound(f'There is no message "{message_id}" in this environment.')
