"""Reading messages: lists, content, events, activities, delivery logs."""

from typing import Any

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.data_filter import read_data_filter
from api.dependencies import Caller, Credential, Db, QueryString, UserCaller
from api.errors import InvalidParams, NotFound
from api.pagination import BY_TIME, read_page, slice_of
from api.query import Query
from api.schemas import activities as activity_schemas
from api.schemas import messages as schemas
from models.database import Connection
from models.queries import activities as activity_queries
from models.queries import messages as queries
from models.queries.messages import MessageFilter
from models.queries.recipients import find_recipients
from models.values.refs import RecipientRef

MOST_MESSAGE_IDS = 50

router = APIRouter(prefix="/v1/messages", tags=["Messages"])


@router.get("")
async def list_messages(caller: Caller, database: Db, query: QueryString) -> schemas.ListMessagesResponse:
    """Newest first."""
    wanted, page = _filter(query), read_page(query, BY_TIME)
    async with database.connection() as connection:
        rows = await queries.list_messages(connection, caller.environment_id, wanted, page)
    found = slice_of(rows, page, schemas.position)
    return schemas.ListMessagesResponse(
        items=[schemas.message(row) for row in found.rows], page_info=found.info
    )


@router.get("/{message_id:id}")
async def get_message(message_id: str, caller: UserCaller, database: Db) -> schemas.Message:
    async with database.connection() as connection:
        return schemas.message(await _find(connection, caller, message_id))


@router.get("/{message_id:id}/content")
async def get_message_contents(message_id: str, caller: Caller, database: Db) -> schemas.MessageContents:
    async with database.connection() as connection:
        row = await queries.find_content(connection, caller.environment_id, message_id)
    if row is None:
        raise no_message(message_id)
    return schemas.MessageContents(message_id=row["id"], data=row["content"], inserted_at=row["inserted_at"])


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
    row = await queries.find_message(connection, caller.environment_id, message_id)
    if row is None or not _is_readable(row, caller):
        raise no_message(message_id)
    return row


def _is_readable(row: DictRow, caller: Credential) -> bool:
    """A user token opens its user's messages only."""
    owner = RecipientRef(collection=row["recipient_collection"], id=row["recipient_id"])
    return caller.user_id is None or owner == RecipientRef(id=caller.user_id)


def no_message(message_id: str) -> NotFound:
    return NotFound(f'There is no message "{message_id}" in this environment.')


def _filter(query: Query) -> MessageFilter:
    message_ids = query.texts("message_ids")
    if len(message_ids) > MOST_MESSAGE_IDS:
        raise InvalidParams.of("message_ids", f"may name at most {MOST_MESSAGE_IDS} messages")
    texts: dict[str, Any] = {
        "tenant": query.text("tenant"),
        "channel_id": query.text("channel_id"),
        "workflow_key": query.text("source"),
        "workflow_run_id": query.text("workflow_run_id"),
        "recipient_run_id": query.text("workflow_recipient_run_id"),
    }
    return MessageFilter(
        **texts,
        inserted_at=query.range("inserted_at"),
        statuses=query.texts("status"),
        engagement_statuses=query.texts("engagement_status"),
        message_ids=message_ids,
        workflow_categories=query.texts("workflow_categories"),
        trigger_data=read_data_filter(query),
    )
