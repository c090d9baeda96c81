"""What content may refer to: everything else in its environment, and the account's channels."""

from collections.abc import Collection
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.values.content import Name


async def list_names(connection: Connection, environment_id: UUID) -> list[DictRow]:
    """Each resource: whether it is published, saved or archived, and what others must know of it."""
    cursor = await connection.execute(
        """
        SELECT r.type, r.key, r.current_version_id,
               CASE WHEN r.type IN ('email_layout', 'partial', 'message_type') THEN r.draft END AS draft,
               r.draft IS NOT NULL AS is_saved, r.archived_at IS NOT NULL AS is_archived,
               CASE WHEN r.type IN ('email_layout', 'partial', 'message_type') THEN v.compiled END AS compiled
        FROM resources r LEFT JOIN resource_versions v ON v.id = r.current_version_id
        WHERE r.environment_id = %s
        """,
        (environment_id,),
    )
    return await cursor.fetchall()


async def list_dependents(
    connection: Connection, environment_id: UUID, names: Collection[Name]
) -> list[DictRow]:
    """What is published here and refers to one of these, with what publishing found out about it."""
    cursor = await connection.execute(
        """
        SELECT r.type, r.key, v.compiled
        FROM resources r JOIN resource_versions v ON v.id = r.current_version_id
        WHERE r.environment_id = %s AND r.archived_at IS NULL AND EXISTS (
            SELECT FROM jsonb_array_elements(v.compiled -> 'references') one
            JOIN unnest(%s::text[], %s::text[]) AS name (type, key)
                ON one ->> 'type' = name.type AND one ->> 'key' = name.key)
        """,
        (environment_id, [str(name.type) for name in names], [name.key for name in names]),
    )
    return await cursor.fetchall()


async def list_channel_types(connection: Connection) -> dict[str, str]:
    """The type of each channel of the account, by key."""
    cursor = await connection.execute("SELECT key, type FROM channels WHERE archived_at IS NULL")
    return {row["key"]: row["type"] for row in await cursor.fetchall()}


async def list_group_types(connection: Connection) -> dict[str, str]:
    """The channel type of each channel group of the account, by key."""
    cursor = await connection.execute(
        "SELECT key, channel_type FROM channel_groups WHERE archived_at IS NULL"
    )
    return {row["key"]: row["channel_type"] for row in await cursor.fetchall()}
