"""What the management API asks about tags and preference categories, and writes."""

from datetime import datetime

from psycopg.rows import DictRow

from models.database import Connection


async def list_tags(connection: Connection) -> list[DictRow]:
    cursor = await connection.execute("SELECT * FROM tags ORDER BY name")
    return await cursor.fetchall()


async def upsert_tag(
    connection: Connection, name: str, color: str | None, description: str | None, now: datetime
) -> DictRow:
    """Color and description are replaced, also by nothing."""
    cursor = await connection.execute(
        """
        INSERT INTO tags (name, color, description, inserted_at, updated_at) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (name) DO UPDATE
        SET color = excluded.color, description = excluded.description, updated_at = excluded.updated_at
        RETURNING *
        """,
        (name, color, description, now, now),
    )
    row = await cursor.fetchone()
    assert row is not None  # an upsert always returns its row
    return row


async def delete_tag(connection: Connection, name: str) -> bool:
    """Whether there was one."""
    cursor = await connection.execute("DELETE FROM tags WHERE name = %s", (name,))
    return cursor.rowcount > 0


async def list_categories(connection: Connection) -> list[DictRow]:
    """Those that are not archived."""
    cursor = await connection.execute(
        "SELECT * FROM preference_categories WHERE archived_at IS NULL ORDER BY name"
    )
    return await cursor.fetchall()


async def upsert_category(connection: Connection, name: str, now: datetime) -> DictRow:
    """The category as it is, or a new one; an archived one comes back."""
    cursor = await connection.execute(
        """
        INSERT INTO preference_categories AS c (name, inserted_at, updated_at) VALUES (%s, %s, %s)
        ON CONFLICT (name) DO UPDATE
        SET archived_at = NULL,
            updated_at = CASE WHEN c.archived_at IS NULL THEN c.updated_at ELSE excluded.updated_at END
        RETURNING *
        """,
        (name, now, now),
    )
    row = await cursor.fetchone()
    assert row is not None  # an upsert always returns its row
    return row


async def archive_category(connection: Connection, name: str, now: datetime) -> bool:
    """Whether there was one that was not archived yet."""
    cursor = await connection.execute(
        """
        UPDATE preference_categories SET archived_at = %s, updated_at = %s
        WHERE name = %s AND archived_at IS NULL
        """,
        (now, now, name),
    )
    return cursor.rowcount > 0
