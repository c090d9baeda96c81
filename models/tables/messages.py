"""Messages, their events, attempts and delivery logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Json, Jsonb
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.ids import new_ksuid
from models.parts import Part
from models.tables.columns import document, moment, texts, verbatim_document
from models.tables.lists import LISTS_OF_MESSAGES
from models.tables.waits import ABOUT_MESSAGE
from models.values.kinds import MessageStatus
from models.values.plain_json import storable


class Message(SQLModel, table=True):
    """One notification to one recipient over one channel (E-MSG-14).

    `content` is what was rendered, in the shape of the contract's `MessageContents.data`; `sending` is what
    the provider needs besides. A message without `settled_at` still wants delivery, not before
    `scheduled_at`. `retries` counts how often a person sent it again after it was given up (E-MSG-9), and
    `attempts_before` the attempts up to the last such time.
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
        *LISTS_OF_MESSAGES,
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
    retries: int = 0
    attempts_before: int = 0
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


async def find_unattempted(connection: Connection, environment_id: UUID, run_id: UUID) -> list[str]:
    """Messages of a run that want delivery and that nobody has tried to deliver."""
    cursor = await connection.execute(
        """
        SELECT id FROM messages
        WHERE environment_id = %s AND recipient_run_id = %s AND settled_at IS NULL AND attempts = 0
        ORDER BY id
        """,
        (environment_id, run_id),
    )
    return [row["id"] for row in await cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A composed message before it is a row; a plain value, since every send makes one (D30)."""

    id: str
    environment_id: UUID
    channel_id: UUID
    recipient_collection: str
    recipient_id: str
    recipient_snapshot: dict[str, Any]
    actors: list[Any]
    tenant_id: str | None
    data: dict[str, Any]
    source_type: str
    workflow_key: str
    workflow_version_id: UUID
    workflow_categories: list[str]
    step_ref: str
    workflow_run_id: UUID
    recipient_run_id: UUID
    window_id: UUID | None
    status: str
    content: dict[str, Any]
    sending: dict[str, Any] | None
    scheduled_at: datetime | None
    settled_at: datetime | None
    inserted_at: datetime


def message_part(message: Message | NewMessage) -> Part:
    """Writing a composed message, as part of a statement."""
    sql = """
        INSERT INTO messages (
            id, environment_id, channel_id, recipient_collection, recipient_id, recipient_snapshot, actors,
            tenant_id, data, source_type, workflow_key, workflow_version_id, workflow_categories, step_ref,
            workflow_run_id, recipient_run_id, window_id, status, content, sending, attempts, retries,
            attempts_before, scheduled_at, settled_at, inserted_at, updated_at)
        SELECT %(id)s, %(environment_id)s, %(channel_id)s, %(recipient_collection)s, %(recipient_id)s,
               %(recipient_snapshot)s::jsonb, %(actors)s, %(tenant_id)s, %(data)s, %(source_type)s,
               %(workflow_key)s, %(workflow_version_id)s, %(workflow_categories)s::text[], %(step_ref)s,
               %(workflow_run_id)s, %(recipient_run_id)s, %(window_id)s::uuid, %(status)s, %(content)s,
               %(sending)s::json, 0, 0, 0, %(scheduled_at)s::timestamptz, %(settled_at)s::timestamptz,
               %(inserted_at)s, %(inserted_at)s
        FROM claimed
    """
    values = {
        name: getattr(message, name)
        for name in (
            "id",
            "environment_id",
            "channel_id",
            "recipient_collection",
            "recipient_id",
            "tenant_id",
            "source_type",
            "workflow_key",
            "workflow_version_id",
            "workflow_categories",
            "step_ref",
            "workflow_run_id",
            "recipient_run_id",
            "window_id",
            "status",
            "scheduled_at",
            "settled_at",
            "inserted_at",
        )
    }
    documents = {
        "recipient_snapshot": Jsonb(message.recipient_snapshot),
        "actors": Jsonb(message.actors),
        "data": Json(message.data),
        "content": Json(message.content),
        "sending": None if message.sending is None else Json(message.sending),
    }
    return Part("composed", sql, values | documents)


@dataclass(frozen=True)
class NewEvent:
    """An event of a message before it has an id."""

    type: str
    data: dict[str, Any] | None = None


def events_part(environment_id: UUID, message_id: str, types: tuple[str, str], now: datetime) -> Part:
    """The two first events of a message, as part of a statement."""
    sql = """
        INSERT INTO message_events (id, inserted_at, environment_id, message_id, type)
        SELECT first.id, %(now)s, %(environment_id)s, %(message_id)s, first.type
        FROM claimed, (VALUES (%(id_1)s, %(type_1)s), (%(id_2)s, %(type_2)s)) AS first (id, type)
    """
    # Drawn one after the other: ids of the same second would not tell which came first, so they are sorted.
    first, second = sorted((new_ksuid(), new_ksuid()))
    values = {
        "now": now,
        "environment_id": environment_id,
        "message_id": message_id,
        "id_1": first,
        "type_1": types[0],
        "id_2": second,
        "type_2": types[1],
    }
    return Part("told", sql, values)


async def insert_events(
    connection: Connection, environment_id: UUID, message_id: str, events: Sequence[NewEvent], now: datetime
) -> None:
    """Write events in the order given, in one statement."""
    ids = sorted(new_ksuid() for _ in events)
    rows = [
        (
            event_id,
            now,
            environment_id,
            message_id,
            event.type,
            None if event.data is None else Jsonb(storable(event.data)),
        )
        for event_id, event in zip(ids, events, strict=True)
    ]
    values = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(rows))
    await connection.execute(
        "INSERT INTO message_events (id, inserted_at, environment_id, message_id, type, data) VALUES "
        + values,
        [value for row in rows for value in row],
    )


async def find_message(connection: Connection, environment_id: UUID, message_id: str) -> DictRow | None:
    cursor = await connection.execute(
        "SELECT * FROM messages WHERE environment_id = %s AND id = %s", (environment_id, message_id)
    )
    return await cursor.fetchone()


async def first_attempt_at(connection: Connection, message_id: str, after: int) -> datetime | None:
    """When the first attempt of a number above `after` was made, if one was."""
    cursor = await connection.execute(
        "SELECT min(at) AS at FROM delivery_attempts WHERE message_id = %s AND attempt > %s",
        (message_id, after),
    )
    row = await cursor.fetchone()
    return None if row is None else row["at"]


async def find_receipt(connection: Connection, message_id: str, attempt: int) -> DictRow | None:
    """The receipt of an attempt that was made before."""
    cursor = await connection.execute(
        "SELECT receipt FROM delivery_attempts WHERE message_id = %s AND attempt = %s", (message_id, attempt)
    )
    row = await cursor.fetchone()
    return None if row is None else row["receipt"]


async def insert_attempt(
    connection: Connection, message_id: str, attempt: int, receipt: dict[str, Any], now: datetime
) -> bool:
    """False when this attempt already has a receipt.

    Providers' words are kept as far as Postgres can hold them: a refusal would send the message again.
    """
    cursor = await connection.execute(
        """
        INSERT INTO delivery_attempts (message_id, attempt, receipt, at) VALUES (%s, %s, %s, %s)
        ON CONFLICT DO NOTHING RETURNING attempt
        """,
        (message_id, attempt, Jsonb(storable(receipt)), now),
    )
    return await cursor.fetchone() is not None


async def settle_attempt(
    connection: Connection,
    message: tuple[UUID, str],
    status: MessageStatus,
    provider_reference: str | None,
    *,
    final: bool,
    now: datetime,
) -> bool:
    """What an attempt made of a message (environment id, message id); whether a run waits for its events."""
    cursor = await connection.execute(
        f"""
        UPDATE messages
        SET status = %s, attempts = attempts + 1, updated_at = %s,
            provider_reference = coalesce(%s, provider_reference),
            settled_at = CASE WHEN %s THEN %s END
        WHERE environment_id = %s AND id = %s
        RETURNING EXISTS (SELECT FROM event_waits w WHERE {ABOUT_MESSAGE}) AS is_awaited
        """,
        (status.value, now, provider_reference, final, now, *message),
    )
    row = await cursor.fetchone()
    return row is not None and row["is_awaited"]


async def insert_delivery_log(
    connection: Connection, environment_id: UUID, message_id: str, entry: dict[str, Any], now: datetime
) -> None:
    """One exchange with a provider, redacted: service_name, request, response."""
    await connection.execute(
        """
        INSERT INTO delivery_logs
            (id, inserted_at, environment_id, message_id, service_name, request, response)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        """,
        (
            new_ksuid(),
            now,
            environment_id,
            message_id,
            entry["service_name"],
            Jsonb(storable(entry["request"])),
            Jsonb(storable(entry["response"])),
        ),
    )


async def send_again(
    connection: Connection, environment_id: UUID, message_id: str, now: datetime
) -> DictRow | None:
    """Queue a message that was given up; its id, retries and attempts, or None for any other (E-MSG-9)."""
    cursor = await connection.execute(
        """
        UPDATE messages
        SET status = 'queued', settled_at = NULL, scheduled_at = NULL, retries = retries + 1,
            attempts_before = attempts, updated_at = %s
        WHERE environment_id = %s AND id = %s AND status = 'undelivered' AND settled_at IS NOT NULL
        RETURNING id, retries, attempts
        """,
        (now, environment_id, message_id),
    )
    return await cursor.fetchone()


async def settle_message(
    connection: Connection, environment_id: UUID, message_id: str, status: MessageStatus, now: datetime
) -> bool:
    """End a message's delivery without another attempt; False when it was settled before."""
    cursor = await connection.execute(
        """
        UPDATE messages SET status = %s, settled_at = %s, updated_at = %s
        WHERE environment_id = %s AND id = %s AND settled_at IS NULL
        """,
        (status.value, now, now, environment_id, message_id),
    )
    return cursor.rowcount == 1
