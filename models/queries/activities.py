"""Batched activities: what happened, as one message tells it. They are not stored, but read off the runs."""

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where

_ACTIVITY: LiteralString = """
    SELECT r.activity_id AS id, r.id AS recipient_run_id, r.acceptance, r.inserted_at,
           r.recipient_collection, r.recipient_id, r.actor_collection, r.actor_id, r.trigger_data, t.data
    FROM recipient_runs r JOIN triggers t ON t.id = r.workflow_run_id
"""

# A message without a window tells of its own run; one with a window, of the window's members.
_OF_MESSAGE: LiteralString = """
    r.environment_id = %(environment_id)s AND r.id = ANY(ARRAY(
        SELECT b.recipient_run_id FROM batch_members b
        WHERE b.window_id = %(window_id)s AND b.left_at IS NULL
        UNION ALL
        SELECT %(recipient_run_id)s::uuid WHERE %(window_id)s::uuid IS NULL))
"""


async def list_activities(
    connection: Connection, message: DictRow, page: Page, trigger_data: dict[str, Any] | None
) -> list[DictRow]:
    """Those of a message, in the order they were accepted."""
    where = Where(
        _OF_MESSAGE,
        environment_id=message["environment_id"],
        window_id=message["window_id"],
        recipient_run_id=message["recipient_run_id"],
    )
    where.add_data("(t.data::jsonb || coalesce(r.trigger_data::jsonb, '{}'))::json", trigger_data)
    order = paged(where, page, ("r.acceptance", "r.id"), is_descending=False)
    cursor = await connection.execute(f"{_ACTIVITY} WHERE {where.sql} {order}", where.values)
    return await cursor.fetchall()


async def list_feed_activities(
    connection: Connection, environment_id: UUID, items: Sequence[DictRow], most: int
) -> list[DictRow]:
    """The first `most` of each feed item, told apart by `message_id`, in the order they were accepted."""
    cursor = await connection.execute(
        f"""
        SELECT f.message_id, a.*
        FROM unnest(%(messages)s::text[], %(runs)s::uuid[], %(windows)s::uuid[])
            AS f(message_id, run, window_id)
        CROSS JOIN LATERAL (
            {_ACTIVITY}
            WHERE r.environment_id = %(environment_id)s AND r.id = ANY(ARRAY(
                SELECT b.recipient_run_id FROM batch_members b
                WHERE b.window_id = f.window_id AND b.left_at IS NULL
                UNION ALL
                SELECT f.run WHERE f.window_id IS NULL))
            ORDER BY r.acceptance, r.id LIMIT %(most)s
        ) a
        ORDER BY f.message_id, a.acceptance, a.recipient_run_id
        """,
        {
            "environment_id": environment_id,
            "messages": [item["message_id"] for item in items],
            "runs": [item["recipient_run_id"] for item in items],
            "windows": [item["window_id"] for item in items],
            "most": most,
        },
    )
    return await cursor.fetchall()
