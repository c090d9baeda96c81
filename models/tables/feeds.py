"""In-app feeds: a person's items in the order they became readable (D18)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Json, Jsonb
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.parts import Part, execute
from models.tables.columns import big_integer, document, moment, texts, verbatim_document


class FeedCounter(SQLModel, table=True):
    """The last position given out in a feed; its row lock makes positions follow commits."""

    __tablename__ = "feed_counters"

    environment_id: UUID = Field(primary_key=True)
    channel_id: UUID = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    last_position: int = big_integer(default=0)


class FeedItem(SQLModel, table=True):
    """An in-app message as its reader sees it; outlives the message's log.

    `kept_activities` are those that it shows, from the day on which its run was erased.
    """

    __tablename__ = "feed_items"
    __table_args__ = (
        Index("feed_items_in_order", "environment_id", "channel_id", "user_id", "position", unique=True),
    )

    message_id: str = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    channel_id: UUID = Field(foreign_key="channels.id")
    user_id: str
    position: int = big_integer()
    tenant_id: str | None = None
    workflow_key: str
    workflow_version_id: UUID
    workflow_categories: list[str] = texts()
    recipient_run_id: UUID
    window_id: UUID | None = None
    actors: list[Any] = document()
    total_actors: int
    total_activities: int
    data: dict[str, Any] | None = verbatim_document(nullable=True)
    blocks: list[Any] = verbatim_document()
    seen_at: datetime | None = moment(nullable=True)
    read_at: datetime | None = moment(nullable=True)
    interacted_at: datetime | None = moment(nullable=True)
    link_clicked_at: datetime | None = moment(nullable=True)
    archived_at: datetime | None = moment(nullable=True)
    kept_activities: list[Any] | None = verbatim_document(nullable=True)
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


@dataclass(frozen=True, slots=True)
class NewFeedItem:
    """A feed item before it is a row and has a position; a plain value, as `NewMessage`."""

    message_id: str
    environment_id: UUID
    channel_id: UUID
    user_id: str
    tenant_id: str | None
    workflow_key: str
    workflow_version_id: UUID
    workflow_categories: list[str]
    recipient_run_id: UUID
    window_id: UUID | None
    actors: list[Any]
    total_actors: int
    total_activities: int
    data: dict[str, Any]
    blocks: list[Any]
    inserted_at: datetime


def feed_parts(item: FeedItem | NewFeedItem, suffix: str = "") -> list[Part]:
    """Putting an item at the feed's next position, drawn under the counter's lock (D18).

    `suffix` keeps several items of one statement apart.
    """
    counter = """
        INSERT INTO feed_counters AS f (environment_id, channel_id, user_id, last_position)
        SELECT %(environment_id)s, %(channel_id)s, %(user_id)s, 1 FROM claimed
        ON CONFLICT (environment_id, channel_id, user_id) DO UPDATE SET last_position = f.last_position + 1
        RETURNING last_position
    """
    place = {"environment_id": item.environment_id, "channel_id": item.channel_id, "user_id": item.user_id}
    row = """
        INSERT INTO feed_items (
            message_id, environment_id, channel_id, user_id, position, tenant_id, workflow_key,
            workflow_version_id, workflow_categories, recipient_run_id, window_id, actors, total_actors,
            total_activities, data, blocks, inserted_at, updated_at)
        SELECT %(message_id)s, %(environment_id)s, %(channel_id)s, %(user_id)s, next.last_position,
               %(tenant_id)s, %(workflow_key)s, %(workflow_version_id)s, %(workflow_categories)s::text[],
               %(recipient_run_id)s, %(window_id)s::uuid, %(actors)s, %(total_actors)s::int,
               %(total_activities)s::int, %(data)s, %(blocks)s, %(inserted_at)s, %(inserted_at)s
        FROM next{suffix}
    """.replace("{suffix}", suffix)
    values = place | {
        "message_id": item.message_id,
        "tenant_id": item.tenant_id,
        "workflow_key": item.workflow_key,
        "workflow_version_id": item.workflow_version_id,
        "workflow_categories": item.workflow_categories,
        "recipient_run_id": item.recipient_run_id,
        "window_id": item.window_id,
        "actors": Jsonb(item.actors),
        "total_actors": item.total_actors,
        "total_activities": item.total_activities,
        "data": Json(item.data),
        "blocks": Json(item.blocks),
        "inserted_at": item.inserted_at,
    }
    return [Part(f"next{suffix}", counter, place), Part(f"placed{suffix}", row, values)]


async def place_item(connection: Connection, item: NewFeedItem) -> None:
    """Put an item at the feed's next position."""
    await execute(connection, [Part("claimed", "SELECT 1", {}), *feed_parts(item)], "SELECT 1 AS done")
