"""What the API asks about credentials, and what the management API writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where
from models.tables.keys import digest_of, hint_of
from models.values.kinds import KeyKind

_KEY: LiteralString = """
    SELECT k.id, k.kind, k.name, k.hint, k.is_development, k.is_exchanged, k.expires_at, k.revoked_at,
           k.inserted_at, k.environment_id, e.slug
    FROM api_keys k LEFT JOIN environments e ON e.id = k.environment_id
"""


@dataclass(frozen=True)
class NewKey:
    """A credential to keep; the key itself is not, only its digest under `secret_key`."""

    id: UUID
    kind: KeyKind
    environment_id: UUID | None
    name: str | None
    key: str
    secret_key: str
    expires_at: datetime | None = None
    is_exchanged: bool = False


async def find_key_and_environment(
    connection: Connection, digests: Sequence[bytes], slug: str
) -> DictRow | None:
    """A credential and, of the environment that a management call names, its id (None when unknown)."""
    cursor = await connection.execute(
        """
        SELECT k.id, k.kind, k.name, k.hint, k.expires_at, e.id AS environment_id, e.slug
        FROM api_keys k
        LEFT JOIN environments e ON e.slug = %s AND e.branch_of IS NULL AND e.deleted_at IS NULL
        WHERE k.digest = ANY(%s) AND k.revoked_at IS NULL
        """,
        (slug, list(digests)),
    )
    return await cursor.fetchone()


async def has_development_keys(connection: Connection) -> bool:
    """Whether a key that everyone knows would be accepted (D15)."""
    cursor = await connection.execute(
        """
        SELECT EXISTS (
            SELECT FROM api_keys
            WHERE is_development AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
        ) AS found
        """
    )
    row = await cursor.fetchone()
    return row is not None and bool(row["found"])


async def list_keys(connection: Connection, environment_id: UUID | None, page: Page) -> list[DictRow]:
    """The oldest first; with an environment only its own. Exchanged ones count while they are good."""
    where = Where("(%(environment_id)s::uuid IS NULL OR k.environment_id = %(environment_id)s)")
    where.values["environment_id"] = environment_id
    where.add("NOT (k.is_exchanged AND k.expires_at <= now())")
    order = paged(where, page, ("k.inserted_at", "k.id"), is_descending=False)
    cursor = await connection.execute(f"{_KEY} WHERE {where.sql} {order}", where.values)
    return await cursor.fetchall()


async def find_key_row(connection: Connection, key_id: UUID) -> DictRow | None:
    cursor = await connection.execute(f"{_KEY} WHERE k.id = %s", (key_id,))
    return await cursor.fetchone()


async def lock_keys(connection: Connection) -> None:
    """Until the transaction ends nobody else rotates, expires or revokes."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('api_keys', 0))")


async def insert_key(connection: Connection, new: NewKey, now: datetime) -> None:
    await connection.execute(
        """
        INSERT INTO api_keys (id, environment_id, kind, name, digest, hint, is_development, is_exchanged,
                              expires_at, inserted_at)
        VALUES (%s, %s, %s, %s, %s, %s, false, %s, %s, %s)
        """,
        (
            new.id,
            new.environment_id,
            new.kind.value,
            new.name,
            digest_of(new.key, new.secret_key),
            hint_of(new.key),
            new.is_exchanged,
            new.expires_at,
            now,
        ),
    )


async def expire_key(connection: Connection, key_id: UUID, expires_at: datetime) -> None:
    """Good until then; a moment that is already set and earlier stays."""
    await connection.execute(
        "UPDATE api_keys SET expires_at = least(expires_at, %s) WHERE id = %s", (expires_at, key_id)
    )


async def revoke_key(connection: Connection, key_id: UUID, now: datetime) -> None:
    """Refused from the next call on; the first time stays."""
    await connection.execute(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, %s) WHERE id = %s", (now, key_id)
    )


async def forget_exchanged(connection: Connection, environment_id: UUID, before: datetime) -> None:
    """Exchanged keys that expired are of no use to anyone."""
    await connection.execute(
        "DELETE FROM api_keys WHERE environment_id = %s AND is_exchanged AND expires_at < %s",
        (environment_id, before),
    )
