"""Batched activities: what happened, as one message tells it. They are not stored, but read off the runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where
from models.tables.erasure import ACTIVITY

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
    cursor = await connection.execute(f"{ACTIVITY} WHERE {where.sql} {order}", where.values)
    return await cursor.fetchall()


async def list_feed_activities(
    connection: Connection, environment_id: UUID, items: Sequence[DictRow], most: int
) -> list[DictRow]:
    """The first `most` of each feed item, told apart by `message_id`, in the order they were accepted.

    Items whose run was erased have kept theirs.
    """
    kept = [
        _restored(activity, item["message_id"])
        for item in items
        for activity in (item["kept_activities"] or [])[:most]
    ]
    items = [item for item in items if item["kept_activities"] is None]
    cursor = await connection.execute(
        f"""
        SELECT f.message_id, a.*
        FROM unnest(%(messages)s::text[], %(runs)s::uuid[], %(windows)s::uuid[])
            AS f(message_id, run, window_id)
        CROSS JOIN LATERAL (
            {ACTIVITY}
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
    return kept + await cursor.fetchall()


def _restored(activity: dict[str, Any], message_id: str) -> DictRow:
    """As it was read while its run was there."""
    moment = datetime.fromisoformat(activity["inserted_at"])
    return {**activity, "message_id": message_id, "inserted_at": moment}
