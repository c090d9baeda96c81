"""What the management API asks about variables, and writes; effective at once, unversioned (E-VARS-1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where


@dataclass(frozen=True)
class Kept:
    """A value as it is stored: as text, or sealed; neither for none."""

    value: str | None = None
    sealed: bytes | None = None


async def list_variables(
    connection: Connection, environment_id: UUID | None, kind: str | None, page: Page
) -> list[DictRow]:
    """By key. With an environment its own value wins, and variables that have no value in it are left out."""
    where = Where("(o.environment_id = %(environment_id)s OR o.environment_id IS NULL)")
    where.values["environment_id"] = environment_id
    where.add_if("v.type = %(kind)s", kind=kind)
    if environment_id is not None:
        where.add("coalesce(o.value, v.value, encode(coalesce(o.sealed, v.sealed), 'hex')) IS NOT NULL")
    order = paged(where, page, ("v.key",), is_descending=False)
    cursor = await connection.execute(
        f"""
        SELECT v.key, v.type, v.description, v.inserted_at, coalesce(o.value, v.value) AS value,
               coalesce(o.sealed, v.sealed) IS NOT NULL AS is_sealed, o.key IS NOT NULL AS is_override,
               greatest(v.updated_at, o.updated_at) AS updated_at
        FROM variables v
        LEFT JOIN variable_overrides o ON o.key = v.key AND o.environment_id = %(environment_id)s
        WHERE {where.sql} {order}
        """,
        where.values,
    )
    return await cursor.fetchall()


async def find_variable(connection: Connection, key: str) -> DictRow | None:
    """The variable of the account, with its sealed value."""
    cursor = await connection.execute(
        "SELECT *, sealed IS NOT NULL AS is_sealed FROM variables WHERE key = %s", (key,)
    )
    return await cursor.fetchone()


async def find_overrides(connection: Connection, keys: Sequence[str]) -> list[DictRow]:
    """The values of these variables in each environment that has its own, in the environments' order."""
    cursor = await connection.execute(
        """
        SELECT o.key, o.environment_id, e.slug, o.value, o.sealed, o.sealed IS NOT NULL AS is_sealed,
               o.updated_at
        FROM variable_overrides o JOIN environments e ON e.id = o.environment_id
        WHERE o.key = ANY(%s) AND e.deleted_at IS NULL
        ORDER BY o.key, e.position, e.slug
        """,
        (list(keys),),
    )
    return await cursor.fetchall()


async def lock_variables(connection: Connection) -> None:
    """Until the transaction ends nobody else writes variables: a type is read, then values are sealed."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('variables', 0))")


async def upsert_variable(
    connection: Connection, key: str, kind: str, description: str | None, now: datetime
) -> None:
    """The variable itself; its values stay as they are."""
    await connection.execute(
        """
        INSERT INTO variables (key, type, description, inserted_at, updated_at) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (key) DO UPDATE
        SET type = excluded.type, description = excluded.description, updated_at = excluded.updated_at
        """,
        (key, kind, description, now, now),
    )


async def write_base(connection: Connection, key: str, kept: Kept, now: datetime) -> None:
    """The value where an environment has none of its own."""
    await connection.execute(
        "UPDATE variables SET value = %s, sealed = %s, updated_at = %s WHERE key = %s",
        (kept.value, kept.sealed, now, key),
    )


async def write_override(
    connection: Connection, environment_id: UUID, key: str, kept: Kept, now: datetime
) -> None:
    await connection.execute(
        """
        INSERT INTO variable_overrides (environment_id, key, value, sealed, updated_at)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (environment_id, key) DO UPDATE
        SET value = excluded.value, sealed = excluded.sealed, updated_at = excluded.updated_at
        """,
        (environment_id, key, kept.value, kept.sealed, now),
    )


async def delete_override(connection: Connection, environment_id: UUID, key: str) -> bool:
    """Whether there was one."""
    cursor = await connection.execute(
        "DELETE FROM variable_overrides WHERE environment_id = %s AND key = %s", (environment_id, key)
    )
    return cursor.rowcount > 0


async def delete_variable(connection: Connection, key: str) -> bool:
    """With its values in all environments. Whether there was one."""
    cursor = await connection.execute("DELETE FROM variables WHERE key = %s", (key,))
    return cursor.rowcount > 0


async def find_resolved(connection: Connection, environment_id: UUID, key: str) -> DictRow | None:
    """A variable as one environment has it; None where it has no value."""
    cursor = await connection.execute(
        """
        SELECT v.key, v.type, v.description, v.inserted_at, coalesce(o.value, v.value) AS value,
               coalesce(o.sealed, v.sealed) IS NOT NULL AS is_sealed, o.key IS NOT NULL AS is_override,
               greatest(v.updated_at, o.updated_at) AS updated_at
        FROM variables v LEFT JOIN variable_overrides o ON o.key = v.key AND o.environment_id = %s
        WHERE v.key = %s
        """,
        (environment_id, key),
    )
    row = await cursor.fetchone()
    return row if row is not None and (row["value"] is not None or row["is_sealed"]) else None
