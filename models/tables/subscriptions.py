"""Subscriptions: who hears of what is sent to an object (E-SUBS)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.ids import new_uuid
from models.tables.columns import document, moment
from models.values.refs import USERS, RecipientRef


class Subscription(SQLModel, table=True):
    """One recipient's subscription to one object; `id` only tells those of the same moment apart."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        Index(
            "subscriptions_of_object", "environment_id", "object_collection", "object_id", "inserted_at", "id"
        ),
        Index(
            "subscriptions_of_recipient",
            *("environment_id", "recipient_collection", "recipient_id", "inserted_at", "id"),
        ),
        # The few objects among an object's subscribers are found without walking its users.
        Index(
            "subscriptions_of_objects_to_object",
            *("environment_id", "object_collection", "object_id", "recipient_collection", "recipient_id"),
            postgresql_where=text(f"recipient_collection <> '{USERS}'"),
        ),
    )

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    object_collection: str = Field(primary_key=True)
    object_id: str = Field(primary_key=True)
    recipient_collection: str = Field(primary_key=True)
    recipient_id: str = Field(primary_key=True)
    id: UUID
    properties: dict[str, Any] | None = document(nullable=True)
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


async def subscribe(
    connection: Connection,
    environment_id: UUID,
    to: RecipientRef,
    recipients: Sequence[RecipientRef],
    properties: dict[str, Any] | None,
    now: datetime,
) -> list[DictRow]:
    """Subscribe each recipient once; one that is subscribed gets the new properties (E-SUBS-1).

    Answers the subscriptions in the order of the recipients' global ids, which is also the order of locks.
    """
    ordered = sorted(recipients, key=lambda one: one.gid)
    cursor = await connection.execute(
        """
        INSERT INTO subscriptions AS s (environment_id, object_collection, object_id, recipient_collection,
            recipient_id, id, properties, inserted_at, updated_at)
        SELECT %(environment_id)s, %(collection)s, %(object_id)s, r.collection, r.id, r.row_id,
               %(properties)s::jsonb, %(now)s, %(now)s
        FROM unnest(%(collections)s::text[], %(ids)s::text[], %(row_ids)s::uuid[])
            AS r(collection, id, row_id)
        ON CONFLICT (environment_id, object_collection, object_id, recipient_collection, recipient_id)
        DO UPDATE SET properties = excluded.properties, updated_at = excluded.updated_at
        RETURNING s.*
        """,
        {
            "environment_id": environment_id,
            "collection": to.collection,
            "object_id": to.id,
            "collections": [one.collection for one in ordered],
            "ids": [one.id for one in ordered],
            "row_ids": [new_uuid() for _ in ordered],
            "properties": None if properties is None else Jsonb(properties),
            "now": now,
        },
    )
    return await cursor.fetchall()


async def unsubscribe(
    connection: Connection, environment_id: UUID, to: RecipientRef, recipients: Sequence[RecipientRef]
) -> list[DictRow]:
    """End these subscriptions; answers those there were."""
    cursor = await connection.execute(
        """
        DELETE FROM subscriptions s
        USING unnest(%(collections)s::text[], %(ids)s::text[]) AS r(collection, id)
        WHERE s.environment_id = %(environment_id)s AND s.object_collection = %(collection)s
          AND s.object_id = %(object_id)s AND s.recipient_collection = r.collection
          AND s.recipient_id = r.id
        RETURNING s.*
        """,
        {
            "environment_id": environment_id,
            "collection": to.collection,
            "object_id": to.id,
            "collections": [one.collection for one in recipients],
            "ids": [one.id for one in recipients],
        },
    )
    return await cursor.fetchall()


@dataclass(frozen=True)
class Subscriber:
    """Whom a subscription reaches, and its properties."""

    ref: RecipientRef
    properties: dict[str, Any] | None


FIRST: RecipientRef = RecipientRef(collection="", id="")
"""Before all recipients, in the order of subscribers."""


async def find_subscribers(
    connection: Connection, environment_id: UUID, to: RecipientRef, after: RecipientRef, limit: int
) -> list[Subscriber]:
    """The next subscribers of an object in the order of their collections and ids: a page by its key."""
    cursor = await connection.execute(
        """
        SELECT recipient_collection, recipient_id, properties FROM subscriptions
        WHERE environment_id = %s AND object_collection = %s AND object_id = %s
          AND (recipient_collection, recipient_id) > (%s, %s)
        ORDER BY recipient_collection, recipient_id LIMIT %s
        """,
        (environment_id, to.collection, to.id, after.collection, after.id, limit),
    )
    rows = await cursor.fetchall()
    return [Subscriber(_recipient(row), row["properties"]) for row in rows]


async def find_next_child(
    connection: Connection,
    environment_id: UUID,
    parent: RecipientRef,
    after: RecipientRef,
    earlier: Sequence[RecipientRef],
) -> RecipientRef | None:
    """The next object among the subscribers of `parent` that none of the `earlier` ones leads to.

    Each child is thus met once, under the first of its parents.
    """
    # The collection of users is written out: a prepared statement's parameter would match no partial index.
    cursor = await connection.execute(
        f"""
        SELECT s.recipient_collection, s.recipient_id FROM subscriptions s
        WHERE s.environment_id = %(environment_id)s AND s.object_collection = %(collection)s
          AND s.object_id = %(object_id)s AND s.recipient_collection <> '{USERS}'
          AND (s.recipient_collection, s.recipient_id) > (%(after_collection)s, %(after_id)s)
          AND NOT EXISTS (
              SELECT FROM unnest(%(collections)s::text[], %(ids)s::text[]) AS e(collection, id)
              JOIN subscriptions o ON o.environment_id = %(environment_id)s
                  AND o.object_collection = e.collection AND o.object_id = e.id
                  AND o.recipient_collection = s.recipient_collection AND o.recipient_id = s.recipient_id)
        ORDER BY s.recipient_collection, s.recipient_id LIMIT 1
        """,
        {
            "environment_id": environment_id,
            "collection": parent.collection,
            "object_id": parent.id,
            "after_collection": after.collection,
            "after_id": after.id,
            "collections": [one.collection for one in earlier],
            "ids": [one.id for one in earlier],
        },
    )
    row = await cursor.fetchone()
    return None if row is None else _recipient(row)


def _recipient(row: DictRow) -> RecipientRef:
    return RecipientRef(collection=row["recipient_collection"], id=row["recipient_id"])
