"""Marking or deleting many of a channel's messages in one call."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict

from api.data_filter import checked_data_filter
from api.dependencies import Db, TemporalClient, UserCaller
from api.errors import InvalidParams, NotFound
from api.message_lists import kept_since
from api.schemas.bulk_operations import BulkOperation, BulkProgress
from dispatch.waking import wake_for_messages
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
    """Which of the channel's messages; what is absent does not narrow, an empty list means nothing at all.

    Other keys are refused: a filter that is mistyped must not widen what is changed.
    """

    model_config = ConfigDict(extra="forbid")

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


async def _filter(
    channel_id: str, caller: UserCaller, given: BulkUpdateMessagesRequest | None = None
) -> queries.ChannelMessageFilter:
    try:
        channel = UUID(channel_id)
    except ValueError:
        raise InvalidParams.of("channel_id", "is a channel's UUID") from None
    body = given or BulkUpdateMessagesRequest()
    lists = [given for given in (body.recipient_ids, body.user_ids) if given is not None]
    return queries.ChannelMessageFilter(
        channel_id=channel,
        kept_since=kept_since(),
        user_id=caller.user_id,
        user_ids=[user_id for given in lists for user_id in given] if lists else None,
        tenants=body.tenants,
        has_tenant=body.has_tenant,
        workflows=body.workflows,
        older_than=body.older_than,
        newer_than=body.newer_than,
        delivery_status=body.delivery_status,
        engagement_status=body.engagement_status,
        archived=body.archived or "include",
        trigger_data=checked_data_filter(body.trigger_data),
    )


Wanted = Annotated[queries.ChannelMessageFilter, Depends(_filter)]

router = APIRouter(prefix="/v1/channels", tags=["Messages"])


@router.post("/{channel_id:id}/messages/bulk/{action:id}")
async def bulk_update_messages_for_channel(
    action: str,
    wanted: Wanted,
    caller: UserCaller,
    database: Db,
    temporal: TemporalClient,
    progress: BulkProgress,
) -> BulkOperation:
    """Done when this is answered; outside of in-app channels, messages past retention stay as they are.

    `delete` needs a filter.
    """
    meant = ACTIONS.get(action)
    if meant is None:
        raise NotFound(f'There is no bulk action "{action}"; there are {", ".join(ACTIONS)}.')
    if meant == "delete" and not _narrows(wanted):
        raise InvalidParams.of("body", "needs a filter: a delete without one would take the whole channel")
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        ids = await queries.list_ids(connection, caller.environment_id, wanted)
        chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
        for chunk in chunks:
            if meant == "delete":
                await queries.delete_messages(connection, caller.environment_id, chunk)
            elif meant.startswith("un"):
                await unmark(connection, caller.environment_id, chunk, meant.removeprefix("un"), now)
            else:
                await mark(connection, caller.environment_id, chunk, meant, now)
        tally = Tally(f"messages.{meant}", len(ids))
        row = await record_completed(connection, caller.environment_id, tally, now)
    if meant != "delete":
        for chunk in chunks:
            await wake_for_messages(database, temporal, caller.environment_id, chunk)
    return progress.shown(row)


def _narrows(wanted: queries.ChannelMessageFilter) -> bool:
    """Whether anything but the channel and the caller says which messages are meant."""
    said = (
        *(wanted.user_ids, wanted.tenants, wanted.has_tenant, wanted.workflows, wanted.older_than),
        *(wanted.newer_than, wanted.delivery_status, wanted.engagement_status, wanted.trigger_data or None),
    )
    return wanted.archived != "include" or any(filter_ is not None for filter_ in said)
