"""What operators ask about runs that pause: open batches and their items, delays, waits."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where
from models.tables.batches import leave, lock_window


async def list_windows(
    connection: Connection, environment_id: UUID, workflow_key: str | None, page: Page
) -> list[DictRow]:
    """Open batch windows that somebody holds, by when they close."""
    where = Where(
        "w.environment_id = %(environment_id)s AND w.closed_at IS NULL AND w.owner_run_id IS NOT NULL",
        environment_id=environment_id,
    )
    where.add_if("w.workflow_key = %(workflow_key)s", workflow_key=workflow_key)
    order = paged(where, page, ("w.closes_at", "w.id"), is_descending=False)
    cursor = await connection.execute(
        f"""
        SELECT w.*, r.recipient_collection, r.recipient_id, r.tenant_id
        FROM batch_windows w JOIN recipient_runs r ON r.id = w.owner_run_id
        WHERE {where.sql} {order}
        """,
        where.values,
    )
    return await cursor.fetchall()


async def find_window(connection: Connection, environment_id: UUID, window_id: UUID) -> DictRow | None:
    """An open or closed window, held by a run."""
    cursor = await connection.execute(
        """
        SELECT w.*, r.recipient_collection, r.recipient_id, r.tenant_id
        FROM batch_windows w JOIN recipient_runs r ON r.id = w.owner_run_id
        WHERE w.environment_id = %s AND w.id = %s
        """,
        (environment_id, window_id),
    )
    return await cursor.fetchone()


async def list_items(
    connection: Connection, environment_id: UUID, window_id: UUID, page: Page
) -> list[DictRow]:
    """What a window holds, in the order of acceptance; cancelled items are shown with `left_at`."""
    where = Where(
        "r.environment_id = %(environment_id)s AND m.window_id = %(window_id)s",
        environment_id=environment_id,
        window_id=window_id,
    )
    order = paged(where, page, ("m.acceptance", "m.recipient_run_id"), is_descending=False)
    cursor = await connection.execute(
        f"""
        SELECT m.recipient_run_id, m.acceptance, m.joined_at, m.left_at, r.activity_id, r.actor_collection,
               r.actor_id, r.tenant_id, r.cancellation_key
        FROM batch_members m JOIN recipient_runs r ON r.id = m.recipient_run_id
        WHERE {where.sql} {order}
        """,
        where.values,
    )
    return await cursor.fetchall()


async def list_pauses(
    connection: Connection, environment_id: UUID, workflow_key: str | None, page: Page
) -> list[DictRow]:
    """Paused runs by when they go on, with the line of their log that tells why they pause."""
    where = Where(
        """
        r.environment_id = %(environment_id)s AND r.finished_at IS NULL AND r.status = 'paused'
        AND r.waiting_until IS NOT NULL
        """,
        environment_id=environment_id,
    )
    where.add_if("r.workflow_key = %(workflow_key)s", workflow_key=workflow_key)
    order = paged(where, page, ("r.waiting_until", "r.id"), is_descending=False)
    cursor = await connection.execute(
        f"""
        SELECT r.id, r.workflow_key, r.workflow_run_id, r.recipient_collection, r.recipient_id, r.tenant_id,
               r.cancellation_key, r.waiting_until, r.updated_at, told.step_ref, told.step_type
        FROM recipient_runs r
        LEFT JOIN LATERAL (
            SELECT e.step_ref, e.step_type FROM run_events e
            WHERE e.recipient_run_id = r.id AND e.step_ref IS NOT NULL ORDER BY e.inserted_at DESC, e.id DESC
            LIMIT 1
        ) told ON true
        WHERE {where.sql} {order}
        """,
        where.values,
    )
    return await cursor.fetchall()


async def remove_item(
    connection: Connection, environment_id: UUID, window_id: UUID, run_id: UUID, now: datetime
) -> bool:
    """Take one item out of an open window; False when it is not in it, or the window is closed."""
    window = await lock_window(connection, environment_id, window_id)
    if window["closed_at"] is not None:
        return False
    cursor = await connection.execute(
        "SELECT FROM batch_members WHERE window_id = %s AND recipient_run_id = %s AND left_at IS NULL",
        (window_id, run_id),
    )
    if await cursor.fetchone() is None:
        return False
    await leave(connection, window_id, run_id, now)
    await connection.execute(
        "UPDATE batch_windows SET member_count = greatest(member_count - 1, 0) WHERE id = %s", (window_id,)
    )
    return True
