"""What the management API asks about environments, and writes. Branches are none of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where

_ENVIRONMENT: LiteralString = """
    SELECT e.*, (SELECT max(c.inserted_at) FROM commits c WHERE c.environment_id = e.id) AS last_commit_at
    FROM environments e
"""
_LIVE: LiteralString = "e.branch_of IS NULL AND e.deleted_at IS NULL"

_CONTENTS: tuple[LiteralString, ...] = ("resources", "recipients", "triggers", "messages")
"""Tables that make an environment more than its configuration."""


@dataclass(frozen=True)
class NewEnvironment:
    """An environment to be put where another one stands; that one and what follows move on by one."""

    id: UUID
    slug: str
    name: str
    position: int


async def list_environments(connection: Connection, page: Page) -> list[DictRow]:
    """In their order, development first."""
    where = Where(_LIVE)
    order = paged(where, page, ("e.position", "e.slug"), is_descending=False)
    cursor = await connection.execute(f"{_ENVIRONMENT} WHERE {where.sql} {order}", where.values)
    return await cursor.fetchall()


async def find_environment(connection: Connection, slug: str) -> DictRow | None:
    cursor = await connection.execute(f"{_ENVIRONMENT} WHERE {_LIVE} AND e.slug = %s", (slug,))
    return await cursor.fetchone()


async def lock_environments(connection: Connection) -> list[DictRow]:
    """All of them in their order; until the transaction ends nobody else moves or makes one."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('environments', 0))")
    # In the order of all locks: archiving content takes them too.
    cursor = await connection.execute(
        f"{_ENVIRONMENT} WHERE {_LIVE} ORDER BY e.position, e.slug FOR NO KEY UPDATE OF e"
    )
    return await cursor.fetchall()


async def is_branch(connection: Connection, slug: str) -> bool:
    """Whether a branch that was not deleted is called so."""
    cursor = await connection.execute(
        """
        SELECT EXISTS (
            SELECT FROM environments WHERE slug = %s AND branch_of IS NOT NULL AND deleted_at IS NULL
        ) AS found
        """,
        (slug,),
    )
    row = await cursor.fetchone()
    return row is not None and bool(row["found"])


async def insert_environment(connection: Connection, new: NewEnvironment, now: datetime) -> None:
    """Make room at its position, and put it there."""
    await connection.execute(
        "UPDATE environments SET position = position + 1 WHERE branch_of IS NULL AND position >= %s",
        (new.position,),
    )
    await connection.execute(
        """
        INSERT INTO environments (id, slug, name, position, inserted_at, updated_at)
        VALUES (%s, %s, %s, %s, %s, %s)
        """,
        (new.id, new.slug, new.name, new.position, now, now),
    )


async def update_environment(
    connection: Connection, environment_id: UUID, changes: dict[str, Any], now: datetime
) -> None:
    """Set `name`, `label_color`, `hide_pii_data` and `enhanced_security`; what is None stays."""
    await connection.execute(
        """
        UPDATE environments
        SET name = coalesce(%(name)s, name), label_color = coalesce(%(label_color)s, label_color),
            hide_pii_data = coalesce(%(hide_pii_data)s, hide_pii_data),
            enhanced_security = coalesce(%(enhanced_security)s, enhanced_security), updated_at = %(now)s
        WHERE id = %(id)s
        """,
        {
            **{name: changes.get(name) for name in ("name", "label_color")},
            **{name: changes.get(name) for name in ("hide_pii_data", "enhanced_security")},
            "id": environment_id,
            "now": now,
        },
    )


async def find_contents(connection: Connection, environment_id: UUID) -> list[str]:
    """What an environment holds beside its configuration, by the names of the tables; empty for nothing."""
    held: list[str] = []
    for table in _CONTENTS:
        cursor = await connection.execute(
            f"SELECT EXISTS (SELECT FROM {table} WHERE environment_id = %s) AS found", (environment_id,)
        )
        row = await cursor.fetchone()
        if row is not None and row["found"]:
            held.append(table)
    return held


async def archive_environment(connection: Connection, environment_id: UUID, now: datetime) -> None:
    """It is as if it never was: its keys are refused, its slug is free, its values are gone."""
    await connection.execute(
        "UPDATE environments SET deleted_at = %s, updated_at = %s WHERE id = %s", (now, now, environment_id)
    )
    await connection.execute(
        "UPDATE api_keys SET revoked_at = %s WHERE environment_id = %s AND revoked_at IS NULL",
        (now, environment_id),
    )
    await connection.execute("DELETE FROM variable_overrides WHERE environment_id = %s", (environment_id,))
    await connection.execute("DELETE FROM channel_settings WHERE environment_id = %s", (environment_id,))
