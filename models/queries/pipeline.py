"""The order of environments: what each is promoted from and to (E-VERSION-1)."""

from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection


async def find_target(connection: Connection, slug: str) -> DictRow | None:
    """The environment of that name, with the one directly before it, if any."""
    cursor = await connection.execute(
        """
        SELECT e.id, e.slug, p.id AS source_id, p.slug AS source_slug
        FROM environments e
        LEFT JOIN LATERAL (
            SELECT id, slug FROM environments
            WHERE branch_of IS NULL AND deleted_at IS NULL AND position < e.position
            ORDER BY position DESC LIMIT 1
        ) p ON true
        WHERE e.slug = %s AND e.branch_of IS NULL AND e.deleted_at IS NULL
        """,
        (slug,),
    )
    return await cursor.fetchone()


async def find_next(connection: Connection, environment_id: UUID) -> DictRow | None:
    """Where commits of this one go: the environment after it, or, from a branch, the one it is of."""
    cursor = await connection.execute(
        """
        SELECT n.id, n.slug FROM environments e JOIN environments n
            ON n.deleted_at IS NULL AND n.branch_of IS NULL
            AND (n.id = e.branch_of OR (e.branch_of IS NULL AND n.position > e.position))
        WHERE e.id = %s ORDER BY n.position LIMIT 1
        """,
        (environment_id,),
    )
    return await cursor.fetchone()
