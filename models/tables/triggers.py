"""Triggers: what callers asked for, written down before anything runs (D5)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Json, Jsonb
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import big_integer, document, moment, verbatim_document


class Trigger(SQLModel, table=True):
    """One call, shared by all its recipients; its id is the `workflow_run_id`.

    `acceptance` is its number in the order of acceptance: a cancel applies to lower numbers only.
    `answered_at` is set once its workflow is started and the caller may hear 2xx; a row that never was is
    retired by the reconciler, and a retired one never runs.
    """

    __tablename__ = "triggers"
    __table_args__ = (
        Index(
            "triggers_idempotency",
            "environment_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index(
            "triggers_unanswered",
            "inserted_at",
            postgresql_where=text("answered_at IS NULL AND retired_at IS NULL"),
        ),
        Index("triggers_unfinished_fan_out", "inserted_at", postgresql_where=text("fan_out = 'pending'")),
    )

    id: UUID = Field(primary_key=True)
    environment_id: UUID = Field(foreign_key="environments.id")
    workflow_key: str
    workflow_version_id: UUID
    acceptance: int = big_integer()
    source: str
    data: dict[str, Any] = verbatim_document()
    recipients: list[Any] = verbatim_document()
    actor_collection: str | None = None
    actor_id: str | None = None
    tenant_id: str | None = None
    cancellation_key: str | None = None
    settings: dict[str, Any] = document()
    fan_out: str | None = None
    idempotency_key: str | None = None
    request_hash: bytes | None = None
    request_id: str
    inserted_at: datetime = moment()
    answered_at: datetime | None = moment(nullable=True)
    retired_at: datetime | None = moment(nullable=True)


async def find_idempotent(connection: Connection, environment_id: UUID, key: str) -> DictRow | None:
    """The trigger accepted under this idempotency key, however old."""
    cursor = await connection.execute(
        """
        SELECT id, request_hash, request_id, answered_at, retired_at, inserted_at
        FROM triggers WHERE environment_id = %s AND idempotency_key = %s
        """,
        (environment_id, key),
    )
    return await cursor.fetchone()


async def forget_idempotency(connection: Connection, environment_id: UUID, trigger_id: UUID) -> None:
    """Let the key of an expired or retired trigger be used again."""
    await connection.execute(
        "UPDATE triggers SET idempotency_key = NULL WHERE environment_id = %s AND id = %s",
        (environment_id, trigger_id),
    )


async def insert_trigger(connection: Connection, trigger: Trigger) -> int | None:
    """Its acceptance number; None when another trigger holds the same idempotency key."""
    cursor = await connection.execute(
        """
        INSERT INTO triggers (
            id, environment_id, workflow_key, workflow_version_id, acceptance, source, data, recipients,
            actor_collection, actor_id, tenant_id, cancellation_key, settings, fan_out, idempotency_key,
            request_hash, request_id, inserted_at)
        VALUES (%s, %s, %s, %s, nextval('acceptance'), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        ON CONFLICT (environment_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
        RETURNING acceptance
        """,
        (
            trigger.id,
            trigger.environment_id,
            trigger.workflow_key,
            trigger.workflow_version_id,
            trigger.source,
            Json(trigger.data),
            Json(trigger.recipients),
            trigger.actor_collection,
            trigger.actor_id,
            trigger.tenant_id,
            trigger.cancellation_key,
            Jsonb(trigger.settings),
            trigger.fan_out,
            trigger.idempotency_key,
            trigger.request_hash,
            trigger.request_id,
            trigger.inserted_at,
        ),
    )
    row = await cursor.fetchone()
    return None if row is None else row["acceptance"]


async def mark_answered(
    connection: Connection, environment_id: UUID, trigger_id: UUID, now: datetime
) -> bool:
    """Whether the caller may hear 2xx; False when the reconciler retired the trigger meanwhile."""
    cursor = await connection.execute(
        """
        UPDATE triggers SET answered_at = coalesce(answered_at, %s)
        WHERE environment_id = %s AND id = %s AND retired_at IS NULL
        """,
        (now, environment_id, trigger_id),
    )
    return cursor.rowcount == 1


async def lock_unretired(connection: Connection, environment_id: UUID, trigger_id: UUID) -> bool:
    """Whether the trigger still counts; it cannot be retired until the transaction ends."""
    cursor = await connection.execute(
        "SELECT retired_at FROM triggers WHERE environment_id = %s AND id = %s FOR SHARE",
        (environment_id, trigger_id),
    )
    row = await cursor.fetchone()
    return row is not None and row["retired_at"] is None


async def find_trigger(connection: Connection, environment_id: UUID, trigger_id: UUID) -> DictRow | None:
    """A trigger with its environment's slug."""
    cursor = await connection.execute(
        """
        SELECT t.*, e.slug FROM triggers t JOIN environments e ON e.id = t.environment_id
        WHERE t.environment_id = %s AND t.id = %s
        """,
        (environment_id, trigger_id),
    )
    return await cursor.fetchone()


async def mark_fanned_out(connection: Connection, environment_id: UUID, trigger_id: UUID) -> None:
    """Every recipient of the trigger has its run."""
    await connection.execute(
        "UPDATE triggers SET fan_out = 'done' WHERE environment_id = %s AND id = %s",
        (environment_id, trigger_id),
    )
