"""Channels: one id across environments, settings for each of them (E-CHANNEL-2)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field, SQLModel

from models.tables.columns import document, moment, sealed


class Channel(SQLModel, table=True):
    """A configured provider, of the whole account."""

    __tablename__ = "channels"

    id: UUID = Field(primary_key=True)
    key: str = Field(unique=True)
    name: str
    type: str
    provider: str
    inserted_at: datetime = moment()
    updated_at: datetime = moment()
    archived_at: datetime | None = moment(nullable=True)


class ChannelSettings(SQLModel, table=True):
    """How one environment uses a channel; unversioned, effective at once."""

    __tablename__ = "channel_settings"

    channel_id: UUID = Field(primary_key=True, foreign_key="channels.id")
    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    is_sandbox: bool = False
    conditions: dict[str, Any] | None = document(nullable=True)
    channel_settings: dict[str, Any] = document()
    provider_settings: bytes | None = sealed()
    updated_at: datetime = moment()
