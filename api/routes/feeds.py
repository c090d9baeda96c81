"""A person's in-app feed."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from psycopg.rows import DictRow
from starlette.responses import JSONResponse, Response

from api.data_filter import read_data_filter
from api.dependencies import Db, QueryString, UserCaller
from api.errors import Refused
from api.pagination import BY_NUMBER, Slice, read_page, slice_of
from api.query import Query
from api.schemas import activities as activity_schemas
from api.schemas import feeds as schemas
from models.database import Connection
from models.queries import feeds as queries
from models.queries.activities import list_feed_activities
from models.queries.feeds import FeedFilter
from models.queries.recipients import find_recipients
from models.tables.erasure import SHOWN_ACTIVITIES
from models.values.kinds import ChannelType
from models.values.variables import value_of

LARGEST_PAGE = 200

router = APIRouter(prefix="/v1/users", tags=["Feeds"])


@router.get("/{user_id:id}/feeds/{feed_id:id}", response_model=schemas.UserInAppFeedResponse)
async def list_items(
    user_id: str, feed_id: str, request: Request, caller: UserCaller, database: Db, query: QueryString
) -> Response:
    """Newest first; empty for a user who was never identified."""
    wanted = _filter(user_id, _channel_id(feed_id), query)
    page = read_page(query, BY_NUMBER, LARGEST_PAGE)
    is_compact = query.text("mode") == "compact"
    environment_id = caller.environment_id
    async with database.connection() as connection:
        feed = await _find(connection, environment_id, wanted.channel_id)
        rows = await queries.list_items(connection, environment_id, wanted, page)
        counts = await queries.count_items(connection, environment_id, wanted)
        found = slice_of(rows, page, schemas.position)
        entries = await _items(connection, environment_id, found, is_compact=is_compact)
    answer = schemas.UserInAppFeedResponse(
        entries=entries,
        meta=schemas.FeedMetadata(**counts),
        page_info=found.info,
        vars={key: value_of(text) for key, text in feed["variables"].items()},
    ).model_dump(mode="json")
    if is_compact:
        is_browser = "x-knock-client" in request.headers
        answer["entries"] = [schemas.compact(item, is_browser=is_browser) for item in answer["entries"]]
    return JSONResponse(schemas.without(answer, (query.text("exclude") or "").split(",")))


@router.get("/{user_id:id}/feeds/{feed_id:id}/settings")
async def get_settings(
    user_id: str, feed_id: str, caller: UserCaller, database: Db
) -> schemas.UserInAppFeedSettingsResponse:
    async with database.connection() as connection:
        await _find(connection, caller.environment_id, _channel_id(feed_id))
    return schemas.UserInAppFeedSettingsResponse(features=schemas.FeedFeatures())


async def _items(
    connection: Connection, environment_id: UUID, found: Slice[DictRow], *, is_compact: bool
) -> list[schemas.FeedItem]:
    activities: list[DictRow] = []
    if found.rows and not is_compact:
        activities = await list_feed_activities(connection, environment_id, found.rows, SHOWN_ACTIVITIES)
    refs = activity_schemas.refs_in(activities).union(*map(schemas.actor_refs, found.rows))
    known = await find_recipients(connection, environment_id, refs)
    by_message: dict[str, list[activity_schemas.Activity]] = {row["message_id"]: [] for row in found.rows}
    for row in activities:
        shown = activity_schemas.activity(row, known)
        shown.data = schemas.without_attachments(shown.data)
        by_message[row["message_id"]].append(shown)
    return [schemas.feed_item(row, by_message[row["message_id"]], known) for row in found.rows]


async def _find(connection: Connection, environment_id: UUID, channel_id: UUID) -> DictRow:
    feed = await queries.find_feed(connection, environment_id, channel_id)
    if feed is None:
        raise _no_feed(str(channel_id))
    if feed["type"] not in (ChannelType.IN_APP_FEED, ChannelType.IN_APP):
        raise Refused(
            f"The channel {channel_id} is of type {feed['type']}; a feed needs in_app_feed.", code=_CODE
        )
    return feed


_CODE = "channel_invalid"


def _channel_id(feed_id: str) -> UUID:
    try:
        return UUID(feed_id)
    except ValueError:
        raise _no_feed(feed_id) from None


def _no_feed(feed_id: str) -> Refused:
    return Refused(
        f'There is no channel with the id "{feed_id}"; feeds are named by their channel\'s id.', code=_CODE
    )


def _filter(user_id: str, channel_id: UUID, query: Query) -> FeedFilter:
    texts: dict[str, Any] = {
        "status": query.text("status") or "all",
        "archived": query.text("archived") or "exclude",
        "tenant": query.text("tenant"),
        "workflow_key": query.text("source"),
    }
    return FeedFilter(
        **texts,
        channel_id=channel_id,
        user_id=user_id,
        inserted_at=query.range("inserted_at"),
        has_tenant=query.flag("has_tenant"),
        workflow_categories=query.texts("workflow_categories"),
        trigger_data=read_data_filter(query),
    )
