"""Open runs whose workflow is gone: started again if it was lost, settled if a person ended it.

One whose workflow ended by itself is open only where Postgres lost its end: it is run again.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import DictRow

from activities.reconciling.forgotten import run_again
from activities.reconciling.items import Healed, each
from activities.reconciling.starting import startable
from dispatch.carrying import workflow_id_of
from dispatch.looking import Condition, condition_of, is_forgotten
from dispatch.starting import start_recipient_run
from dispatch.temporal import Temporal
from models.database import Connection, Database
from models.tables.batches import release_windows
from models.tables.recipient_runs import Ending, close_run, is_still_open
from models.tables.reconciliation import take_unchecked
from models.tables.run_events import LogLine, log
from models.values.differences import Difference
from models.values.kinds import Outcome

QUIET = timedelta(seconds=30)
"""A run that wrote something since needs no look."""
STALE = timedelta(seconds=60)
"""How often a sleeping run is looked at, at most."""


async def repair(database: Database, temporal: Temporal, place: DictRow, now: datetime) -> Healed:
    """Look at some open runs' workflows; terminating one means cancelling it (D10)."""
    async with database.transaction() as connection:
        found = await take_unchecked(connection, place["id"], now, now - QUIET, now - STALE)

    async def mend(run: DictRow) -> Difference | Healed | None:
        workflow_id = workflow_id_of(run)
        condition = await condition_of(temporal, workflow_id)
        if condition is Condition.RUNNING or (condition is Condition.MISSING and not run["answered_at"]):
            return None
        if condition is Condition.MISSING:
            # Where one was lost many may have been.
            await start_recipient_run(temporal, replace(startable(run), is_crowd=True))
            return Difference.RUNS_RESTARTED
        if await is_forgotten(temporal, workflow_id, condition):
            return await run_again(database, temporal, run, now)
        async with database.transaction() as connection:
            is_settled = await settle(connection, run, condition, now)
        return Difference.RUNS_SETTLED if is_settled else None

    return await each(found, mend)


async def settle(connection: Connection, run: DictRow, condition: Condition, now: datetime) -> bool:
    """The run of a closed workflow ends, and lets go of the window it held; False for one that goes on."""
    environment_id, run_id = run["environment_id"], UUID(str(run["id"]))
    if not await is_still_open(connection, environment_id, run_id, run["incarnation"]):
        # It finished, or was taken up again, while we asked Temporal.
        return False
    failed = condition is Condition.FAILED
    outcome = Outcome.FAILED if failed else Outcome.TERMINATED
    reason = f"its workflow was {condition} in Temporal"
    await close_run(connection, Ending(environment_id, run_id, outcome, reason, now, errors=int(failed)))
    await release_windows(connection, environment_id, run_id, now)
    line = LogLine(
        event="run_completed" if failed else "run_cancelled",
        status="error" if failed else "ok",
        data={"outcome": outcome.value, "reason": reason, "cancelled_by": "Temporal"},
    )
    await log(connection, environment_id, run_id, line, now)
    return True
