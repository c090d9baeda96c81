"""What the API asks about credentials."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from models.database import Connection


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
