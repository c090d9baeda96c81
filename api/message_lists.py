"""Lists of messages: all of an environment, or one recipient's."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from api.data_filter import read_data_filter
from api.errors import InvalidParams
from api.pagination import BY_TIME, read_page, slice_of
from api.query import Query
from api.schemas import messages as schemas
from models.database import Connection
from models.queries import messages as queries
from models.queries.messages import MessageFilter
from models.values.refs import RecipientRef
from models.values.retention import RETENTION

MOST_MESSAGE_IDS = 50


async def message_page(
    connection: Connection, environment_id: UUID, query: Query, recipient: RecipientRef | None = None
) -> schemas.ListMessagesResponse:
    """What the query asks for, newest first; raises InvalidParams."""
    wanted, page = _filter(query, recipient), read_page(query, BY_TIME)
    rows = await queries.list_messages(connection, environment_id, wanted, page)
    found = slice_of(rows, page, schemas.position)
    return schemas.ListMessagesResponse(
        items=[schemas.message(row) for row in found.rows], page_info=found.info
    )


def kept_since() -> datetime:
    """The moment before which messages and runs are not shown any more (E-MSG-15, E-DEBUG-5)."""
    return datetime.now(UTC) - RETENTION


def _filter(query: Query, recipient: RecipientRef | None) -> MessageFilter:
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
        since=kept_since(),
        recipient=recipient,
        statuses=query.texts("status"),
        engagement_statuses=query.texts("engagement_status"),
        message_ids=message_ids,
        workflow_categories=query.texts("workflow_categories"),
        trigger_data=read_data_filter(query),
    )
