"""Marking or deleting many of a channel's messages in one call."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict

from api.data_filter import checked_data_filter
from api.dependencies import Credential, Db, UserCaller
from api.errors import InvalidParams, NotFound
from api.message_lists import kept_since
from api.schemas.bulk_operations import BulkOperation, BulkProgress
from models.queries import channel_messages as queries
from models.queries.engagement import mark, unmark
from models.tables.bulk_operations import Tally, record_completed
from models.values.kinds import EngagementStatus, MessageStatus

CHUNK = 1_000
"""Messages of one statement."""
ACTIONS = {
    **{name: name for name in ("seen", "read", "interacted", "archived")},
    **{name: name for name in ("unseen", "unread", "unarchived", "delete")},
    "archive": "archived",
    "unarchive": "unarchived",
}
"""What a call may say, and what it means."""

Texts = list[str] | None


def _nothing(value: Any) -> Any:
    """Browsers send what they have not filled in as an empty text."""
    return None if value == "" else value


class BulkUpdateMessagesRequest(BaseModel):
    """Which of the channel's messages; what is absent does not narrow. Other keys are passed over."""

    model_config = ConfigDict(extra="ignore")

    recipient_ids: Texts = None
    user_ids: Texts = None
    tenants: Texts = None
    has_tenant: bool | None = None
    workflows: Texts = None
    older_than: Annotated[AwareDatetime | None, BeforeValidator(_nothing)] = None
    newer_than: Annotated[AwareDatetime | None, BeforeValidator(_nothing)] = None
    delivery_status: MessageStatus | None = None
    engagement_status: EngagementStatus | Literal["unseen", "unread", "unarchived"] | None = None
    archived: Literal["exclude", "include", "only"] | None = None
    trigger_data: str | None = None


router = APIRouter(prefix="/v1/channels", tags=["Messages"])


@router.post("/{channel_id:id}/messages/bulk/{action:id}")
async def bulk_update_messages_for_channel(
    channel_id: str,
    action: str,
    caller: UserCaller,
    database: Db,
    progress: BulkProgress,
    body: BulkUpdateMessagesRequest | None = None,
) -> BulkOperation:
    """Done when this is answered; outside of in-app channels, messages past retention stay as they are."""
    meant = ACTIONS.get(action)
    if meant is None:
        raise NotFound(f'There is no bulk action "{action}"; there are {", ".join(ACTIONS)}.')
    wanted = _filter(channel_id, body or BulkUpdateMessagesRequest(), caller)
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        ids = await queries.list_ids(connection, caller.environment_id, wanted)
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            if meant == "delete":
                await queries.delete_messages(connection, caller.environment_id, chunk)
            elif meant.startswith("un"):
                await unmark(connection, caller.environment_id, chunk, meant.removeprefix("un"), now)
            else:
                await mark(connection, caller.environment_id, chunk, meant, now)
        tally = Tally(f"messages.{meant}", len(ids))
        row = await record_completed(connection, caller.environment_id, tally, now)
    return progress.shown(row)


def _filter(
    channel_id: str, body: BulkUpdateMessagesRequest, caller: Credential
) -> queries.ChannelMessageFilter:
    try:
        channel = UUID(channel_id)
    except ValueError:
        raise InvalidParams.of("channel_id", "is a channel's UUID") from None
    recipients = [*(body.recipient_ids or []), *(body.user_ids or [])]
    return queries.ChannelMessageFilter(
        channel_id=channel,
        kept_since=kept_since(),
        user_id=caller.user_id,
        recipient_ids=recipients,
        tenants=body.tenants or [],
        has_tenant=body.has_tenant,
        workflows=body.workflows or [],
        older_than=body.older_than,
        newer_than=body.newer_than,
        delivery_status=body.delivery_status,
        engagement_status=body.engagement_status,
        archived=body.archived or "include",
        trigger_data=checked_data_filter(body.trigger_data),
    )
