"""What the API asks about schedules."""

from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where
from models.tables.schedules import STANDING
from models.values.refs import RecipientRef


@dataclass(frozen=True)
class ScheduleFilter:
    """Which schedules; what is None filters nothing."""

    workflow_key: str | None = None
    recipients: tuple[RecipientRef, ...] | None = None
    tenant_id: str | None = None


async def page_schedules(
    connection: Connection, environment_id: UUID, wanted: ScheduleFilter, page: Page
) -> list[DictRow]:
    """Newest first, with what counts for their zones."""
    where = Where("s.environment_id = %(environment_id)s", environment_id=environment_id)
    where.add_if("s.workflow_key = %(workflow_key)s", workflow_key=wanted.workflow_key)
    where.add_if("s.tenant_id = %(tenant_id)s", tenant_id=wanted.tenant_id)
    if wanted.recipients is not None:
        where.add(
            """
            (s.recipient_collection, s.recipient_id) IN (
                SELECT * FROM unnest(%(collections)s::text[], %(recipient_ids)s::text[]))
            """,
            collections=[ref.collection for ref in wanted.recipients],
            recipient_ids=[ref.id for ref in wanted.recipients],
        )
    order = paged(where, page, ("s.inserted_at", "s.id"), is_descending=True)
    cursor = await connection.execute(f"{STANDING} WHERE {where.sql} {order}", where.values)
    return await cursor.fetchall()


async def find_schedules(connection: Connection, environment_id: UUID, ids: list[UUID]) -> list[DictRow]:
    """Those that exist, in the order of the ids asked for."""
    cursor = await connection.execute(
        f"{STANDING} WHERE s.environment_id = %s AND s.id = ANY(%s)", (environment_id, ids)
    )
    found = {row["id"]: row for row in await cursor.fetchall()}
    return [found[one] for one in ids if one in found]
