"""A person's in-app feed as the API shows it."""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import Field

from api.pagination import PageInfo, encode
from api.schemas.activities import Activity
from api.schemas.recipients import Recipient, show
from api.schemas.resource import Listed, Moment, Resource
from models.queries.paging import Position
from models.values.refs import USERS, RecipientRef

ATTACHMENTS = "attachments"
"""Where trigger data carries files; they are left out of feeds."""


class FeedSource(Resource):
    typename: str = Field("Workflow", alias="__typename")
    key: str
    version_id: UUID
    categories: list[str]


class FeedItem(Listed):
    """`id` is the message's id: it is what a bell sends back to mark an item."""

    typename: str = Field("FeedItem", alias="__typename")
    id: str
    activities: list[Activity]
    total_activities: int
    actors: list[Recipient]
    total_actors: int
    blocks: list[dict[str, Any]]
    data: dict[str, Any] | None
    source: FeedSource
    tenant: str | None
    seen_at: Moment | None
    read_at: Moment | None
    interacted_at: Moment | None
    clicked_at: Moment | None
    link_clicked_at: Moment | None
    archived_at: Moment | None
    inserted_at: Moment
    updated_at: Moment


class FeedMetadata(Resource):
    typename: str = Field("FeedMetadata", alias="__typename")
    total_count: int = 0
    unread_count: int = 0
    unseen_count: int = 0


class UserInAppFeedResponse(Resource):
    entries: list[FeedItem]
    meta: FeedMetadata
    page_info: PageInfo
    vars: dict[str, Any]


class FeedFeatures(Resource):
    branding_required: bool = False


class UserInAppFeedSettingsResponse(Resource):
    features: FeedFeatures


def position(row: DictRow) -> Position:
    return (int(row["position"]),)


def actor_refs(row: DictRow) -> list[RecipientRef]:
    """Whom the item names as actors; rows keep references."""
    return [
        RecipientRef(id=actor)
        if isinstance(actor, str)
        else RecipientRef(collection=actor.get("collection", USERS), id=actor["id"])
        for actor in row["actors"]
    ]


def feed_item(row: DictRow, activities: list[Activity], known: dict[RecipientRef, DictRow]) -> FeedItem:
    stamps = (
        "seen_at",
        "read_at",
        "interacted_at",
        "link_clicked_at",
        "archived_at",
        "inserted_at",
        "updated_at",
    )
    return FeedItem(
        **{name: row[name] for name in stamps},
        cursor=encode(position(row)),
        id=row["message_id"],
        activities=activities,
        total_activities=row["total_activities"],
        actors=[show(ref, known.get(ref), row["inserted_at"]) for ref in actor_refs(row)],
        total_actors=row["total_actors"],
        blocks=row["blocks"],
        data=without_attachments(row["data"]),
        source=FeedSource(
            key=row["workflow_key"],
            version_id=row["workflow_version_id"],
            categories=row["workflow_categories"],
        ),
        tenant=row["tenant_id"],
        clicked_at=row["link_clicked_at"],
    )


def without_attachments(data: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if data is None else {key: value for key, value in data.items() if key != ATTACHMENTS}


def compact(item: dict[str, Any], *, is_browser: bool) -> dict[str, Any]:
    """One actor at most, no nested data, no activities. Server SDKs insist on the key; browsers drop it."""
    data = item["data"]
    flat = {key: value for key, value in (data or {}).items() if not isinstance(value, dict | list)}
    smaller = {**item, "actors": item["actors"][:1], "data": None if data is None else flat, "activities": []}
    if is_browser:
        del smaller["activities"], smaller["total_activities"]
    return smaller


def without(answer: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """The answer without these dotted paths, which step through lists; deeper than three names is ignored."""
    for path in paths:
        names = path.strip().split(".")
        if len(names) <= 3:
            _drop(answer, names)
    return answer


def _drop(value: Any, names: list[str]) -> None:
    if isinstance(value, list):
        for element in value:
            _drop(element, names)
    elif isinstance(value, dict) and names[0] in value:
        if len(names) == 1:
            del value[names[0]]
        else:
            _drop(value[names[0]], names[1:])
