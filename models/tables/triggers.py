"""Triggers: what callers asked for, written down before anything runs (D5)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Json, Jsonb
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.parts import Part, execute
from models.tables.backlogs import WAITED
from models.tables.columns import big_integer, document, moment, verbatim_document
from models.tables.waits import AWAITED_UPDATE
from models.values.refs import RecipientRef


class Trigger(SQLModel, table=True):
    """One call, shared by all its recipients; its id is the `workflow_run_id`.

    `acceptance` is its number in the order of acceptance: a cancel applies to lower numbers only.
    `answered_at` is set once its workflow is started and the caller may hear 2xx; a row that never was is
    retired by the reconciler, and a retired one never runs. One that does not expand leaves out subscribers.
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
    depth: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    schedule_id: UUID | None = None
    expands: bool = Field(default=True, sa_column_kwargs={"server_default": "true"})
    idempotency_key: str | None = None
    request_hash: bytes | None = None
    request_id: str
    inserted_at: datetime = moment()
    answered_at: datetime | None = moment(nullable=True)
    retired_at: datetime | None = moment(nullable=True)


async def find_ground(
    connection: Connection,
    environment_id: UUID,
    workflow: tuple[UUID, str],
    actor: RecipientRef | None,
    key: str | None,
    tenant_id: str | None = None,
) -> DictRow | None:
    """What accepting a trigger hangs on: the workflow, whether the actor is known, an earlier same call.

    `workflow` is a key with the environment or branch whose content is meant. `waited_seconds` is the
    tenant's backlog, None where there is none.
    """
    cursor = await connection.execute(
        f"""
        SELECT w.current_version_id, w.active, t.id AS known_id, t.request_hash, t.request_id, t.answered_at,
               t.retired_at, t.inserted_at, ({WAITED}) AS waited_seconds,
               EXISTS (
                   SELECT FROM recipients a
                   WHERE a.environment_id = %(environment_id)s AND a.collection = %(collection)s
                     AND a.id = %(actor_id)s
               ) AS actor_is_known
        FROM (SELECT) AS one
        LEFT JOIN resources w ON w.environment_id = %(content_id)s AND w.type = 'workflow'
            AND w.key = %(workflow_key)s AND w.archived_at IS NULL
        LEFT JOIN triggers t ON t.environment_id = %(environment_id)s AND t.idempotency_key = %(key)s
        """,
        {
            "environment_id": environment_id,
            "content_id": workflow[0],
            "workflow_key": workflow[1],
            "collection": actor.collection if actor else None,
            "actor_id": actor.id if actor else None,
            "key": key,
            "tenant_id": tenant_id,
        },
    )
    return await cursor.fetchone()


async def forget_idempotency(connection: Connection, environment_id: UUID, trigger_id: UUID) -> None:
    """Let the key of an expired or retired trigger be used again."""
    await connection.execute(
        "UPDATE triggers SET idempotency_key = NULL WHERE environment_id = %s AND id = %s",
        (environment_id, trigger_id),
    )


async def insert_trigger(connection: Connection, trigger: Trigger, beside: Sequence[Part] = ()) -> int | None:
    """Its acceptance number; None when another trigger holds the same idempotency key.

    The parts `beside` are written with it or not at all; they may read `acceptance` from `claimed`.
    """
    sql = """
        INSERT INTO triggers (
            id, environment_id, workflow_key, workflow_version_id, acceptance, source, data, recipients,
            actor_collection, actor_id, tenant_id, cancellation_key, settings, fan_out, depth, schedule_id,
            expands, idempotency_key, request_hash, request_id, inserted_at)
        VALUES (
            %(id)s, %(environment_id)s, %(workflow_key)s, %(workflow_version_id)s, nextval('acceptance'),
            %(source)s, %(data)s, %(recipients)s, %(actor_collection)s, %(actor_id)s, %(tenant_id)s,
            %(cancellation_key)s, %(settings)s, %(fan_out)s, %(depth)s, %(schedule_id)s, %(expands)s,
            %(idempotency_key)s, %(request_hash)s, %(request_id)s, %(inserted_at)s)
        ON CONFLICT DO NOTHING
        RETURNING acceptance
    """
    values = {name: getattr(trigger, name) for name in _PLAIN}
    documents = {
        "data": Json(trigger.data),
        "recipients": Json(trigger.recipients),
        "settings": Jsonb(trigger.settings),
    }
    claimed = Part("claimed", sql, values | documents)
    row = await execute(connection, [claimed, *beside], "SELECT acceptance FROM claimed")
    return None if row is None else row["acceptance"]


_PLAIN = (
    "id",
    "environment_id",
    "workflow_key",
    "workflow_version_id",
    "source",
    "actor_collection",
    "actor_id",
    "tenant_id",
    "cancellation_key",
    "fan_out",
    "depth",
    "schedule_id",
    "expands",
    "idempotency_key",
    "request_hash",
    "request_id",
    "inserted_at",
)


async def mark_answered(
    connection: Connection,
    environment_id: UUID,
    trigger_id: UUID,
    now: datetime,
    changed: Sequence[RecipientRef] = (),
) -> DictRow | None:
    """The caller may hear 2xx; None when the reconciler retired the trigger meanwhile.

    `is_awaited` in the answer: whether a run waits for one of the recipients that `changed` with it.
    """
    cursor = await connection.execute(
        f"""
        UPDATE triggers SET answered_at = coalesce(answered_at, %s)
        WHERE environment_id = %s AND id = %s AND retired_at IS NULL
        RETURNING {AWAITED_UPDATE if changed else "false"} AS is_awaited
        """,
        (now, environment_id, trigger_id, *([[ref.gid for ref in changed]] if changed else [])),
    )
    return await cursor.fetchone()


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


async def find_fan_out(connection: Connection, environment_id: UUID, trigger_id: UUID) -> DictRow | None:
    """What starting a trigger's runs takes, with the slug and how many recipients it names.

    What may be large is left out: its data, and the recipients, which are `find_named`'s.
    """
    cursor = await connection.execute(
        """
        SELECT t.id, t.environment_id, t.workflow_key, t.workflow_version_id, t.acceptance, t.source,
               t.actor_collection, t.actor_id, t.tenant_id, t.cancellation_key, t.expands,
               t.answered_at, t.inserted_at, e.slug, json_array_length(t.recipients) AS named
        FROM triggers t JOIN environments e ON e.id = t.environment_id
        WHERE t.environment_id = %s AND t.id = %s
        """,
        (environment_id, trigger_id),
    )
    return await cursor.fetchone()


async def find_named(connection: Connection, environment_id: UUID, trigger_id: UUID) -> list[Any]:
    """The recipients that a trigger names, as they were written; none of one that is gone."""
    cursor = await connection.execute(
        "SELECT recipients FROM triggers WHERE environment_id = %s AND id = %s", (environment_id, trigger_id)
    )
    row = await cursor.fetchone()
    return list(row["recipients"]) if row else []


async def mark_fanned_out(connection: Connection, environment_id: UUID, trigger_id: UUID) -> None:
    """Every recipient of the trigger has its run."""
    await connection.execute(
        "UPDATE triggers SET fan_out = 'done' WHERE environment_id = %s AND id = %s",
        (environment_id, trigger_id),
    )
