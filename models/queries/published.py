"""The published content that rendering uses: layouts, partials, translations."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.values.content import ContentType

RENDERED = (ContentType.EMAIL_LAYOUT, ContentType.PARTIAL, ContentType.TRANSLATION)


async def list_published(connection: Connection, environment_id: UUID) -> list[DictRow]:
    """Type, key and content of what is published in an environment or branch, or was and `is_archived`."""
    cursor = await connection.execute(
        """
        SELECT r.type, r.key, v.content, r.archived_at IS NOT NULL AS is_archived
        FROM resources r JOIN resource_versions v ON v.id = r.current_version_id
        WHERE r.environment_id = %s AND r.type = ANY(%s)
        """,
        (environment_id, [one.value for one in RENDERED]),
    )
    return await cursor.fetchall()


async def find_contents(connection: Connection, version_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """The contents of these versions, which never change."""
    cursor = await connection.execute(
        "SELECT id, content FROM resource_versions WHERE id = ANY(%s)", (list(version_ids),)
    )
    return {row["id"]: row["content"] for row in await cursor.fetchall()}
