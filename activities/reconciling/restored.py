"""After Postgres was restored to an earlier time: what Temporal did since, and Postgres does not know of."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow
from temporalio import activity
from temporalio.client import WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey

from activities.reconciling.items import Healed
from dispatch.carrying import workflow_id_of
from dispatch.looking import end_forgotten, last_event_at, list_started
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.reconciliation import find_known_triggers, list_open_runs
from models.tables.reconciliations import find_report
from models.values.differences import Difference
from workflows_engine import names

PAGE = 500
RUN_ID = SearchAttributeKey.for_keyword(names.WORKFLOW_RUN_ID)


async def look_back(database: Database, temporal: Temporal, place: DictRow) -> Healed:
    """End every workflow of runs that knows more than Postgres does since its last round there.

    A run whose trigger Postgres lost is counted, whether it still ran or not: nobody can carry it out again
    but its caller. One that has a row is ended only so that the repair of runs carries it out again.
    """
    async with database.connection() as connection:
        report = await find_report(connection, place["id"])
    since = None if report is None else report["at"]
    healed = Healed()
    if temporal.is_listed:
        async for page in _pages(list_started(temporal, place["slug"], since)):
            healed += await _end_unknown(database, temporal, place, page)
    if since is not None:
        await _end_those_ahead(database, temporal, place, since)
    return healed


async def _pages(listed: AsyncIterator[WorkflowExecution]) -> AsyncIterator[list[WorkflowExecution]]:
    page: list[WorkflowExecution] = []
    async for execution in listed:
        page.append(execution)
        if len(page) == PAGE:
            yield page
            page = []
    yield page


async def _end_unknown(
    database: Database, temporal: Temporal, place: DictRow, page: list[WorkflowExecution]
) -> Healed:
    found = [(execution, _trigger_of(execution)) for execution in page]
    async with database.connection() as connection:
        ids = [trigger_id for _, trigger_id in found]
        known = await find_known_triggers(connection, place["id"], ids)
    healed = Healed()
    for execution, trigger_id in found:
        fan_out = known.get(trigger_id, "unknown")
        if fan_out not in ("unknown", "pending"):
            continue
        if execution.status is WorkflowExecutionStatus.RUNNING:
            # The repeated fan-out of a pending trigger writes its runs' rows anew, and they run again.
            await end_forgotten(temporal, execution.id)
        if fan_out == "unknown":
            activity.logger.warning("Postgres lost the trigger of run %s; it is not run again", execution.id)
            healed[Difference.RUNS_UNKNOWN] += 1
    _beat(len(page))
    return healed


def _trigger_of(execution: WorkflowExecution) -> UUID:
    return UUID(execution.typed_search_attributes[RUN_ID])


async def _end_those_ahead(database: Database, temporal: Temporal, place: DictRow, since: datetime) -> None:
    after: UUID | None = None
    while True:
        async with database.connection() as connection:
            page = await list_open_runs(connection, place["id"], after, PAGE)
        for run in page:
            workflow_id = workflow_id_of(run)
            at = await last_event_at(temporal, workflow_id)
            if at is not None and at > since:
                await end_forgotten(temporal, workflow_id)
            _beat(workflow_id)
        if len(page) < PAGE:
            return
        after = page[-1]["id"]


def _beat(how_far: object) -> None:
    if activity.in_activity():
        activity.heartbeat(str(how_far))
