"""Messages, their events, attempts and delivery logs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.tables.columns import document, moment, texts, verbatim_document


class Message(SQLModel, table=True):
    """One notification to one recipient over one channel (E-MSG-14).

    `content` is what was rendered, in the shape of the contract's `MessageContents.data`; `sending` is what
    the provider needs besides. A message that is `queued` and has no `settled_at` still wants delivery.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index("messages_by_time", "environment_id", "inserted_at", "id"),
        Index("messages_by_run", "recipient_run_id"),
        Index("messages_by_trigger", "workflow_run_id"),
        Index(
            "messages_by_recipient", "environment_id", "recipient_collection", "recipient_id", "inserted_at"
        ),
        Index("messages_unsettled", "inserted_at", postgresql_where=text("settled_at IS NULL")),
    )

    id: str = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    channel_id: UUID = Field(foreign_key="channels.id")
    recipient_collection: str
    recipient_id: str
    recipient_snapshot: dict[str, Any] | None = document(nullable=True)
    actors: list[Any] = document()
    tenant_id: str | None = None
    data: dict[str, Any] | None = verbatim_document(nullable=True)
    source_type: str
    workflow_key: str
    workflow_version_id: UUID
    workflow_categories: list[str] = texts()
    step_ref: str
    workflow_run_id: UUID
    recipient_run_id: UUID
    window_id: UUID | None = None
    status: str
    content: dict[str, Any] = verbatim_document()
    sending: dict[str, Any] | None = verbatim_document(nullable=True)
    attempts: int = 0
    provider_reference: str | None = None
    scheduled_at: datetime | None = moment(nullable=True)
    settled_at: datetime | None = moment(nullable=True)
    seen_at: datetime | None = moment(nullable=True)
    read_at: datetime | None = moment(nullable=True)
    interacted_at: datetime | None = moment(nullable=True)
    link_clicked_at: datetime | None = moment(nullable=True)
    archived_at: datetime | None = moment(nullable=True)
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


class MessageEvent(SQLModel, table=True):
    """Something that happened to a message (E-MSG-5); partitioned by time."""

    __tablename__ = "message_events"
    __table_args__ = (
        Index("message_events_by_message", "message_id"),
        {"postgresql_partition_by": "RANGE (inserted_at)"},
    )

    id: str = Field(primary_key=True)
    inserted_at: datetime = moment(primary_key=True)
    environment_id: UUID
    message_id: str
    type: str
    data: dict[str, Any] | None = document(nullable=True)


class DeliveryAttempt(SQLModel, table=True):
    """One execution of a send and its receipt; a second one of the same number hears the first's (D11)."""

    __tablename__ = "delivery_attempts"

    message_id: str = Field(primary_key=True, foreign_key="messages.id")
    attempt: int = Field(primary_key=True)
    receipt: dict[str, Any] = document()
    at: datetime = moment()


class DeliveryLogEntry(SQLModel, table=True):
    """What was said to a provider and what it answered, redacted; partitioned by time."""

    __tablename__ = "delivery_logs"
    __table_args__ = (
        Index("delivery_logs_by_message", "message_id"),
        {"postgresql_partition_by": "RANGE (inserted_at)"},
    )

    id: str = Field(primary_key=True)
    inserted_at: datetime = moment(primary_key=True)
    environment_id: UUID
    message_id: str
    service_name: str
    request: dict[str, Any] = document()
    response: dict[str, Any] = document()
