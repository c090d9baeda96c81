"""Branches: environments that hold content only, off another environment (E-VERSION-8, E-VERSION-9)."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.commits import lock_log
from models.queries.paging import Page, paged
from models.queries.where import Where
from models.values.content import ContentType, Name

BRANCH: LiteralString = """
    SELECT b.*, (SELECT max(c.inserted_at) FROM commits c WHERE c.environment_id = b.id) AS last_commit_at
    FROM environments b
    WHERE b.branch_of = %(main_id)s AND b.deleted_at IS NULL
"""


async def find_branch(connection: Connection, main_id: UUID, slug: str) -> DictRow | None:
    cursor = await connection.execute(f"{BRANCH} AND b.slug = %(slug)s", {"main_id": main_id, "slug": slug})
    return await cursor.fetchone()


async def list_branches(connection: Connection, main_id: UUID, page: Page) -> list[DictRow]:
    """The one with the newest commit first; `place` counts them."""
    ordered = f"""
        SELECT *, row_number() OVER (ORDER BY coalesce(last_commit_at, inserted_at) DESC, slug) AS place
        FROM ({BRANCH}) branches
    """
    where = Where("branch_of = %(main_id)s", main_id=main_id)
    order = paged(where, page, ("place",), is_descending=False)
    cursor = await connection.execute(
        f"SELECT * FROM ({ordered}) placed WHERE {where.sql} {order}", where.values
    )
    return await cursor.fetchall()


async def insert_branch(
    connection: Connection, branch_id: UUID, main_id: UUID, slug: str, now: datetime
) -> bool:
    """False when there is one of that name."""
    cursor = await connection.execute(
        """
        INSERT INTO environments (id, slug, name, position, branch_of, inserted_at, updated_at)
        SELECT %(id)s, %(slug)s, %(slug)s, e.position, e.id, %(now)s, %(now)s
        FROM environments e WHERE e.id = %(main_id)s
        ON CONFLICT DO NOTHING
        """,
        {"id": branch_id, "main_id": main_id, "slug": slug, "now": now},
    )
    return cursor.rowcount == 1


async def delete_branch(connection: Connection, branch_id: UUID, now: datetime) -> None:
    """Its name is free again; runs that were started on it go on with the versions they have."""
    await connection.execute(
        "UPDATE environments SET deleted_at = %(now)s, updated_at = %(now)s WHERE id = %(id)s",
        {"id": branch_id, "now": now},
    )


async def lock_branch_with_main(connection: Connection, branch_id: UUID, main_id: UUID) -> None:
    """Nobody commits on either until the transaction ends; the environment's lock comes first everywhere."""
    for environment_id in (main_id, branch_id):
        await lock_log(connection, environment_id)


COPY = """
    WITH taken AS (
        SELECT m.type, m.key, m.active, m.active_from, m.active_until, m.inserted_at AS made_at,
               m.current_version_id AS base_id, uuidv7() AS copy_id,
               v.content_hash, v.content, v.compiled
        FROM resources m JOIN resource_versions v ON v.id = m.current_version_id
        LEFT JOIN resources b
            ON b.environment_id = %(branch_id)s AND b.type = m.type AND b.key = m.key
        WHERE m.environment_id = %(main_id)s AND m.archived_at IS NULL
          AND (b.key IS NULL OR b.archived_at IS NOT NULL
               OR (b.base_version_id IS DISTINCT FROM m.current_version_id
                   AND b.current_version_id IS NOT DISTINCT FROM b.synced_version_id))
    ), placed AS (
        INSERT INTO resources (environment_id, type, key, active, active_from, active_until,
                               current_version_id, base_version_id, synced_version_id, inserted_at,
                               updated_at)
        SELECT %(branch_id)s, type, key, active, active_from, active_until, copy_id, base_id, copy_id,
               made_at, %(now)s
        FROM taken
        ON CONFLICT (environment_id, type, key) DO UPDATE
        SET current_version_id = excluded.current_version_id, base_version_id = excluded.base_version_id,
            synced_version_id = excluded.synced_version_id, archived_at = NULL,
            active = CASE WHEN resources.archived_at IS NULL THEN resources.active ELSE excluded.active END,
            updated_at = excluded.updated_at
    )
    INSERT INTO resource_versions (id, environment_id, type, key, number, content_hash, content, compiled,
                                   inserted_at)
    SELECT t.copy_id, %(branch_id)s, t.type, t.key,
           (SELECT coalesce(max(v.number), 0) + 1 FROM resource_versions v
            WHERE v.environment_id = %(branch_id)s AND v.type = t.type AND v.key = t.key),
           t.content_hash, t.content, t.compiled, %(now)s
    FROM taken t
"""


async def copy_from_main(connection: Connection, branch_id: UUID, main_id: UUID, now: datetime) -> int:
    """Take over what is published on main and untouched, or missing, on the branch; answers how many."""
    cursor = await connection.execute(COPY, {"branch_id": branch_id, "main_id": main_id, "now": now})
    return cursor.rowcount


async def set_bases(connection: Connection, branch_id: UUID, main_id: UUID, now: datetime) -> None:
    """What the branch changed is kept, and from now on compared with main as it is now."""
    await connection.execute(
        """
        UPDATE resources b SET base_version_id = m.current_version_id
        FROM resources m
        WHERE b.environment_id = %(branch_id)s AND m.environment_id = %(main_id)s
          AND m.type = b.type AND m.key = b.key AND m.archived_at IS NULL
          AND m.current_version_id IS NOT NULL
        """,
        {"branch_id": branch_id, "main_id": main_id},
    )
    # The worker's caches go by this number.
    await connection.execute(
        "UPDATE environments SET commit_number = commit_number + 1, updated_at = %s WHERE id = %s",
        (now, branch_id),
    )


async def blocking_drafts(connection: Connection, branch_id: UUID, main_id: UUID) -> list[Name]:
    """Saved, never committed on the branch, and changed on main since the branch took it over."""
    cursor = await connection.execute(
        """
        SELECT b.type, b.key FROM resources b
        JOIN resources m ON m.environment_id = %(main_id)s AND m.type = b.type AND m.key = b.key
        WHERE b.environment_id = %(branch_id)s AND b.draft IS NOT NULL
          AND m.archived_at IS NULL AND m.current_version_id IS NOT NULL
          AND b.base_version_id IS DISTINCT FROM m.current_version_id
          AND b.current_version_id IS NOT DISTINCT FROM b.synced_version_id
        ORDER BY b.type, b.key
        """,
        {"branch_id": branch_id, "main_id": main_id},
    )
    return [Name(ContentType(row["type"]), row["key"]) for row in await cursor.fetchall()]


async def base_versions(connection: Connection, branch_id: UUID) -> dict[Name, UUID | None]:
    """Which of main's versions the branch last took over, by resource."""
    cursor = await connection.execute(
        "SELECT type, key, base_version_id FROM resources WHERE environment_id = %s", (branch_id,)
    )
    return {
        Name(ContentType(row["type"]), row["key"]): row["base_version_id"] for row in await cursor.fetchall()
    }


async def mark_merged(
    connection: Connection, branch_id: UUID, merged: Sequence[tuple[str, str, UUID, UUID]]
) -> None:
    """Branch and main agree on these: type, key, main's new version, and the branch's that it came from.

    What the branch committed after that one is still to be merged.
    """
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            UPDATE resources SET base_version_id = %s, synced_version_id = %s
            WHERE environment_id = %s AND type = %s AND key = %s
            """,
            [(theirs, ours, branch_id, content_type, key) for content_type, key, theirs, ours in merged],
        )
