"""Open runs whose workflow is gone: started again if it was lost, settled if a person ended it."""

from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import DictRow

from activities.reconciling.items import Healed, each
from dispatch.carrying import workflow_id_of
from dispatch.looking import Condition, condition_of
from dispatch.starting import StartableRun, start_recipient_run
from dispatch.temporal import Temporal
from models.database import Connection, Database
from models.tables.batches import release_windows
from models.tables.recipient_runs import Ending, LogLine, close_run, is_still_open, log
from models.tables.reconciliation import take_unchecked
from models.values.differences import Difference
from models.values.kinds import Outcome
from models.values.refs import RecipientRef

QUIET = timedelta(seconds=30)
"""A run that wrote something since needs no look."""
STALE = timedelta(seconds=60)
"""How often a sleeping run is looked at, at most."""


async def repair(database: Database, temporal: Temporal, place: DictRow, now: datetime) -> Healed:
    """Look at some open runs' workflows; terminating one means cancelling it (D10)."""
    async with database.transaction() as connection:
        found = await take_unchecked(connection, place["id"], now, now - QUIET, now - STALE)

    async def mend(run: DictRow) -> Difference | None:
        condition = await condition_of(temporal, workflow_id_of(run))
        if condition is Condition.RUNNING or (condition is Condition.MISSING and not run["answered_at"]):
            return None
        if condition is Condition.MISSING:
            await start_recipient_run(temporal, startable(run))
            return Difference.RUNS_RESTARTED
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


def startable(run: DictRow) -> StartableRun:
    """What a run's workflow is started with, from its row."""
    return StartableRun(
        environment_id=run["environment_id"],
        environment=run["slug"],
        workflow_key=run["workflow_key"],
        workflow_run_id=run["workflow_run_id"],
        recipient_run_id=run["id"],
        recipient=RecipientRef(collection=run["recipient_collection"], id=run["recipient_id"]),
        tenant_id=run["tenant_id"],
        cancellation_key=run["cancellation_key"],
        incarnation=run["incarnation"],
    )
