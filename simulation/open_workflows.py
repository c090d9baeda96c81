"""The workflows of an environment that may still do something, by our rows: the test server has no lists."""

from psycopg.rows import DictRow

from dispatch.triggers import Place
from models.database import Connection, Database
from models.values.refs import RecipientRef
from workflows_engine import names

# The test server forgets nothing, so a workflow that is named in vain only has no history.
RUNS = """
    SELECT r.* FROM recipient_runs r WHERE r.environment_id = %s
      AND (r.finished_at IS NULL OR EXISTS (
          SELECT FROM messages m WHERE m.recipient_run_id = r.id AND m.settled_at IS NULL))
    ORDER BY r.id
"""
FAN_OUTS = "SELECT id, workflow_key FROM triggers WHERE environment_id = %s AND fan_out = 'pending'"
MESSAGES = "SELECT id, retries FROM messages WHERE environment_id = %s AND settled_at IS NULL ORDER BY id"
SCHEDULES = """
    SELECT id FROM schedules
    WHERE environment_id = %s AND (next_occurrence_at IS NOT NULL OR firing_at IS NOT NULL) ORDER BY id
"""


async def open_workflows(database: Database, place: Place) -> dict[str, str]:
    """Fan-outs, runs, deliveries and schedules: workflow ids, each with the id of the row it is about."""
    async with database.connection() as connection:
        runs = await _rows(connection, RUNS, place)
        fan_outs = await _rows(connection, FAN_OUTS, place)
        messages = await _rows(connection, MESSAGES, place)
        schedules = await _rows(connection, SCHEDULES, place)
    found = {_run_workflow(place, run): str(run["id"]) for run in runs}
    for trigger in fan_outs:
        found[names.workflow_run_workflow(place.slug, trigger["workflow_key"], trigger["id"])] = str(
            trigger["id"]
        )
    for message in messages:
        found[names.delivery_workflow(message["id"], message["retries"])] = message["id"]
    for schedule in schedules:
        found[names.schedule_workflow(schedule["id"])] = str(schedule["id"])
    return found


def _run_workflow(place: Place, run: DictRow) -> str:
    recipient = RecipientRef(collection=run["recipient_collection"], id=run["recipient_id"])
    return names.recipient_run_workflow(
        place.slug, run["workflow_key"], recipient, run["id"], run["incarnation"]
    )


async def _rows(connection: Connection, sql: str, place: Place) -> list[DictRow]:
    cursor = await connection.execute(sql, (place.environment_id,))
    return await cursor.fetchall()
