"""Messages, and what belongs to them, as the API shows them."""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import Field, field_validator

from api.pagination import PageInfo, by_time, encode
from api.schemas.resource import Listed, Moment, Reference, Resource, reference
from models.queries.paging import Position
from models.values.kinds import EngagementStatus

MOST_METADATA = 5


class MessageChannel(Resource):
    id: UUID
    key: str
    name: str
    type: str
    provider: str
    created_at: Moment
    updated_at: Moment


class MessageSource(Resource):
    typename: str = Field("NotificationSource", alias="__typename")
    type: str
    key: str
    version_id: UUID
    categories: list[str]
    step_ref: str | None
    workflow_run_id: UUID | None
    workflow_recipient_run_id: UUID | None


class Message(Listed):
    """`workflow` and `clicked_at` repeat other fields under the names that older clients know."""

    typename: str = Field("Message", alias="__typename")
    id: str
    status: str
    engagement_statuses: list[EngagementStatus]
    channel_id: UUID
    channel: MessageChannel
    recipient: Reference
    recipient_snapshot: dict[str, Any] | None
    actors: list[Reference]
    tenant: str | None
    data: dict[str, Any] | None
    source: MessageSource
    workflow: str
    metadata: dict[str, Any] | None
    scheduled_at: Moment | None
    seen_at: Moment | None
    read_at: Moment | None
    interacted_at: Moment | None
    clicked_at: Moment | None
    link_clicked_at: Moment | None
    archived_at: Moment | None
    inserted_at: Moment
    updated_at: Moment


class ListMessagesResponse(Resource):
    items: list[Message]
    page_info: PageInfo


class MessageContents(Resource):
    """What was rendered, in the shape of the channel's content."""

    typename: str = Field("MessageContent", alias="__typename")
    message_id: str
    data: dict[str, Any]
    inserted_at: Moment


class MessageEvent(Listed):
    typename: str = Field("MessageEvent", alias="__typename")
    id: str
    type: str
    data: dict[str, Any] | None
    recipient: Reference
    inserted_at: Moment


class ListMessageEventsResponse(Resource):
    items: list[MessageEvent]
    page_info: PageInfo


class MessageDeliveryLog(Listed):
    """What was said to a provider and what it answered, without secrets."""

    typename: str = Field("MessageDeliveryLog", alias="__typename")
    id: str
    environment_id: UUID
    service_name: str
    request: dict[str, Any]
    response: dict[str, Any]
    inserted_at: Moment


class ListMessageDeliveryLogsResponse(Resource):
    items: list[MessageDeliveryLog]
    page_info: PageInfo


class MessageInteractedRequest(Resource):
    """What was interacted with; flat, at most five pairs (E-MSG-13)."""

    metadata: dict[str, str | int | float | bool | None] | None = None

    @field_validator("metadata")
    @classmethod
    def _few(cls, metadata: dict[str, Any] | None) -> dict[str, Any] | None:
        if metadata is not None and len(metadata) > MOST_METADATA:
            raise ValueError(f"at most {MOST_METADATA} pairs, these are {len(metadata)}")
        return metadata


class BatchMessagesStatusRequest(MessageInteractedRequest):
    """`metadata` is kept for `interacted` only."""

    message_ids: list[str]


def position(row: DictRow) -> Position:
    """The place of a message, event or log in a list by time."""
    return by_time(row["inserted_at"], row["id"])


def message(row: DictRow) -> Message:
    shared = ("id", "status", "channel_id", "recipient_snapshot", "actors", "data", "scheduled_at")
    stamps = {f"{status.value}_at": row[f"{status.value}_at"] for status in EngagementStatus}
    return Message(
        **{name: row[name] for name in shared},
        **stamps,
        cursor=encode(position(row)),
        engagement_statuses=[status for status in EngagementStatus if row[f"{status.value}_at"] is not None],
        channel=_channel(row),
        recipient=reference(row, "recipient"),
        tenant=row["tenant_id"],
        source=_source(row),
        workflow=row["workflow_key"],
        metadata={"external_id": row["provider_reference"]} if row["provider_reference"] else {},
        clicked_at=row["link_clicked_at"],
        inserted_at=row["inserted_at"],
        updated_at=row["updated_at"],
    )


def _channel(row: DictRow) -> MessageChannel:
    return MessageChannel(
        id=row["channel_id"],
        key=row["channel_key"],
        name=row["channel_name"],
        type=row["channel_type"],
        provider=row["channel_provider"],
        created_at=row["channel_inserted_at"],
        updated_at=row["channel_updated_at"],
    )


def _source(row: DictRow) -> MessageSource:
    return MessageSource(
        type=row["source_type"],
        key=row["workflow_key"],
        version_id=row["workflow_version_id"],
        categories=row["workflow_categories"],
        step_ref=row["step_ref"],
        workflow_run_id=row["workflow_run_id"],
        workflow_recipient_run_id=row["recipient_run_id"],
    )


def contents(row: DictRow) -> MessageContents:
    return MessageContents(message_id=row["id"], data=row["content"], inserted_at=row["inserted_at"])


def message_event(row: DictRow, of: DictRow) -> MessageEvent:
    return MessageEvent(
        cursor=encode(position(row)),
        id=row["id"],
        type=row["type"],
        data=row["data"],
        recipient=reference(of, "recipient"),
        inserted_at=row["inserted_at"],
    )


def delivery_log(row: DictRow) -> MessageDeliveryLog:
    names = ("id", "environment_id", "service_name", "request", "response", "inserted_at")
    return MessageDeliveryLog(cursor=encode(position(row)), **{name: row[name] for name in names})
