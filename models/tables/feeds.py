"""In-app feeds: a person's items in the order they became readable (D18)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.tables.columns import big_integer, document, moment, texts, verbatim_document


class FeedCounter(SQLModel, table=True):
    """The last position given out in a feed; its row lock makes positions follow commits."""

    __tablename__ = "feed_counters"

    environment_id: UUID = Field(primary_key=True)
    channel_id: UUID = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    last_position: int = big_integer(default=0)


class FeedItem(SQLModel, table=True):
    """An in-app message as its reader sees it; outlives the message's log."""

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
    inserted_at: datetime = moment()
    updated_at: datetime = moment()
