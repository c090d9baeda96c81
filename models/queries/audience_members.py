"""What the API asks about the members of audiences."""

from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where


async def page_members(
    connection: Connection, environment_id: UUID, audience_key: str, page: Page
) -> list[DictRow]:
    """Newest first, each with what is known of the user (null for missing ones)."""
    where = Where(
        "m.environment_id = %(environment_id)s AND m.audience_key = %(audience_key)s",
        environment_id=environment_id,
        audience_key=audience_key,
    )
    order = paged(where, page, ("m.inserted_at", "m.user_id", "m.tenant_id"), is_descending=True)
    cursor = await connection.execute(
        f"""
        SELECT m.user_id, nullif(m.tenant_id, '') AS tenant_id, m.inserted_at, r.properties, r.updated_at
        FROM audience_members m
        LEFT JOIN recipients r ON r.environment_id = m.environment_id
            AND r.collection = '$users' AND r.id = m.user_id
        WHERE {where.sql} {order}
        """,
        where.values,
    )
    return await cursor.fetchall()
