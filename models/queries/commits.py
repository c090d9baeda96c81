"""The commit log: taking its lock, writing it, reading it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where
from models.tables.commits import Commit
from models.values.content import ContentType

NEXT: LiteralString = """
    (SELECT n.id FROM environments n, environments e
     WHERE e.id = c.environment_id AND n.deleted_at IS NULL AND (
         (e.branch_of IS NOT NULL AND n.id = e.branch_of)
         OR (e.branch_of IS NULL AND n.branch_of IS NULL AND n.position > e.position))
     ORDER BY n.position LIMIT 1)
"""
"""Where a commit is promoted to: the environment after its own; from a branch, the branch's environment."""

TAKEN: LiteralString = """
    ((p.source_environment_id = {commit}.environment_id AND p.source_number >= {commit}.number)
     OR (p.origin_environment_id = {commit}.origin_environment_id
         AND p.origin_number >= {commit}.origin_number))
"""
"""Whether `p` is the commit, or a later one, from the same log or, on a longer way, from the same origin."""

PROMOTED: LiteralString = f"""
    EXISTS (SELECT FROM commits p
            WHERE p.environment_id = {NEXT} AND p.type = c.type AND p.key = c.key
              AND {TAKEN.format(commit="c")})
"""
"""Promoting a commit takes the earlier ones of its resource along."""


@dataclass(frozen=True)
class CommitFilter:
    """What of the log is asked for; empty means all."""

    types: Collection[ContentType] = field(default_factory=list)
    key: str | None = None
    promoted: bool | None = None


async def lock_log(connection: Connection, environment_id: UUID) -> int:
    """The number of the newest commit; until the transaction ends nobody else commits here.

    Whoever locks several logs takes environments in their order, and branches after the environment they
    are of. Rows that only refer to the environment (runs, messages) are written all the while.
    """
    cursor = await connection.execute(
        "SELECT commit_number FROM environments WHERE id = %s FOR NO KEY UPDATE", (environment_id,)
    )
    row = await cursor.fetchone()
    assert row is not None  # callers hold an environment that was looked up
    return int(row["commit_number"])


async def insert_commits(connection: Connection, commits: Sequence[Commit]) -> None:
    """Append them; call it under the lock, with the numbers that follow."""
    if not commits:
        return
    columns = list(Commit.model_fields)
    values = ", ".join(f"%({column})s" for column in columns)
    async with connection.cursor() as cursor:
        await cursor.executemany(
            f"INSERT INTO commits ({', '.join(columns)}) VALUES ({values})",  # environment_id among them
            [{column: getattr(commit, column) for column in columns} for commit in commits],
        )
    await connection.execute(
        "UPDATE environments SET commit_number = %s, updated_at = %s WHERE id = %s",
        (commits[-1].number, commits[-1].inserted_at, commits[-1].environment_id),
    )


COMMIT: LiteralString = f"""
    SELECT c.*, e.slug, e.branch_of,
           (SELECT m.slug FROM environments m WHERE m.id = e.branch_of) AS main_slug,
           EXISTS (SELECT FROM environments s
                   WHERE s.id = c.source_environment_id AND s.branch_of IS NULL) AS came_by_promotion,
           {PROMOTED} AS is_promoted
    FROM commits c JOIN environments e ON e.id = c.environment_id
"""


async def find_commit(connection: Connection, commit_id: UUID) -> DictRow | None:
    """By its id alone, which the contract has without an environment; the row says whose it is."""
    cursor = await connection.execute(f"{COMMIT} WHERE c.id = %s AND e.deleted_at IS NULL", (commit_id,))
    return await cursor.fetchone()


async def list_commits(
    connection: Connection, environment_id: UUID, page: Page, wanted: CommitFilter
) -> list[DictRow]:
    """One page, newest first."""
    where = Where("c.environment_id = %(environment_id)s", environment_id=environment_id)
    where.add_if("c.type = ANY(%(types)s)", types=[str(one) for one in wanted.types])
    where.add_if("c.key = %(key)s", key=wanted.key)
    if wanted.promoted is not None:
        where.add(f"{PROMOTED} = %(promoted)s", promoted=wanted.promoted)
    order = paged(where, page, ("c.number",), is_descending=True)
    cursor = await connection.execute(f"{COMMIT} WHERE {where.sql} {order}", where.values)
    return await cursor.fetchall()


async def list_versions(
    connection: Connection, environment_id: UUID, type: str, key: str, *, limit: int
) -> list[UUID]:
    """The versions that a resource reached there, newest first."""
    cursor = await connection.execute(
        """
        SELECT version_id FROM commits WHERE environment_id = %s AND type = %s AND key = %s
        ORDER BY number DESC LIMIT %s
        """,
        (environment_id, type, key, limit),
    )
    return [row["version_id"] for row in await cursor.fetchall()]


async def newest_unpromoted(
    connection: Connection,
    environment_id: UUID,
    target_id: UUID,
    types: Collection[ContentType],
    key: str | None,
) -> list[DictRow]:
    """Of each resource the newest commit, where the target has not taken it yet; oldest first."""
    cursor = await connection.execute(
        f"""
        SELECT * FROM (
            SELECT DISTINCT ON (c.type, c.key) c.* FROM commits c
            JOIN resources r ON r.environment_id = c.environment_id AND r.type = c.type AND r.key = c.key
            JOIN resource_versions v ON v.id = c.version_id
            WHERE c.environment_id = %(environment_id)s
              AND r.archived_at IS NULL AND v.archived_at IS NULL
              AND (cardinality(%(types)s::text[]) = 0 OR c.type = ANY(%(types)s))
              AND (%(key)s::text IS NULL OR c.key = %(key)s)
            ORDER BY c.type, c.key, c.number DESC
        ) newest
        WHERE NOT EXISTS (
            SELECT FROM commits p
            WHERE p.environment_id = %(target_id)s AND p.type = newest.type AND p.key = newest.key
              AND {TAKEN.format(commit="newest")})
        ORDER BY newest.number
        """,
        {
            "environment_id": environment_id,
            "target_id": target_id,
            "types": [str(one) for one in types],
            "key": key,
        },
    )
    return await cursor.fetchall()


async def is_overtaken(connection: Connection, target_id: UUID, commit: DictRow) -> bool:
    """Whether the target has taken a later commit of the same resource from where this one comes."""
    cursor = await connection.execute(
        f"""
        SELECT FROM commits p JOIN commits c ON c.id = %(commit_id)s AND p.type = c.type AND p.key = c.key
        WHERE p.environment_id = %(target_id)s AND {TAKEN.format(commit="c")}
        LIMIT 1
        """,
        {"commit_id": commit["id"], "target_id": target_id},
    )
    return cursor.rowcount == 1


async def find_promoted(connection: Connection, target_id: UUID, commit_id: UUID) -> DictRow | None:
    """The target's commit that this one became there."""
    cursor = await connection.execute(
        "SELECT * FROM commits WHERE environment_id = %s AND source_commit_id = %s", (target_id, commit_id)
    )
    return await cursor.fetchone()
