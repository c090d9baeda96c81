"""Schedules whose workflow is gone are started again; those computed in a zone of before look again."""

from datetime import datetime, timedelta

from psycopg.rows import DictRow

from activities.reconciling.items import Healed, each
from dispatch.looking import Condition, condition_of
from dispatch.schedules import start_schedule, zone_for
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.schedules import take_unchecked_schedules
from models.values.differences import Difference
from workflows_engine import names

QUIET = timedelta(seconds=5)
"""Whoever wrote the row is about to start its workflow."""
STALE = timedelta(seconds=60)
"""How often a sleeping schedule is looked at, at most."""


async def keep_up(database: Database, temporal: Temporal, place: DictRow, now: datetime) -> Healed:
    """Whoever wants a schedule to stop deletes it: one whose workflow was ended in Temporal goes on."""
    async with database.transaction() as connection:
        found = await take_unchecked_schedules(connection, place["id"], now, now - QUIET, now - STALE)

    async def mend(schedule: DictRow) -> Difference | None:
        is_moved = zone_for(schedule).key != schedule["zone"]
        workflow_id = names.schedule_workflow(schedule["id"])
        if not is_moved and await condition_of(temporal, workflow_id) is Condition.RUNNING:
            return None
        await start_schedule(temporal, place["id"], schedule["id"])
        return Difference.SCHEDULES_MOVED if is_moved else Difference.SCHEDULES_RESTARTED

    return await each(found, mend)
