"""How the messages of a run's steps stand, also of those whose rows are gone."""

from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection


async def list_sent(connection: Connection, environment_id: UUID, run_id: UUID) -> list[DictRow]:
    """A row for each message that a step of the run composed, in the order of the steps' refs.

    The ledger remembers messages that retention took: then all columns but `step_ref` and `id` are null.
    """
    cursor = await connection.execute(
        """
        SELECT l.step_ref, composed.id, m.status, m.seen_at, m.read_at, m.interacted_at, m.link_clicked_at,
               m.archived_at, m.inserted_at
        FROM step_ledger l
        CROSS JOIN LATERAL json_array_elements_text(l.answer -> 'message_ids') AS composed (id)
        LEFT JOIN messages m ON m.environment_id = %s AND m.id = composed.id
        WHERE l.recipient_run_id = %s AND l.phase LIKE 'compose:%%'
        ORDER BY l.step_ref, composed.id
        """,
        (environment_id, run_id),
    )
    return await cursor.fetchall()
