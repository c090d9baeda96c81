"""After Postgres was restored to an earlier time: what Temporal did since, and Postgres does not know of."""

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow
from temporalio import activity
from temporalio.api.enums.v1 import EventType

from activities.reconciling.items import Healed
from dispatch.carrying import workflow_id_of
from dispatch.codec import PayloadUnreadableError
from dispatch.looking import Carried, end_forgotten, last_event_at, last_events, list_started
from dispatch.temporal import Temporal
from models.database import Database, take_time
from models.tables.reconciliation import find_known_triggers, list_environments, list_open_runs
from models.tables.reconciliations import (
    count_rounds,
    find_report,
    lock_rounds,
    note_round,
    skip_rounds,
)
from models.values.differences import Difference
from workflows_engine import names
from workflows_engine.effects.maintenance import ReconcileAnswer

log = logging.getLogger(__name__)

PAGE = 500
EVENTS = 50
"""More than the reconciler's workflow writes from one round to the next."""


async def catch_up(database: Database, temporal: Temporal, now: datetime) -> None:
    """Look back if Postgres was restored: it counts fewer rounds than Temporal remembers.

    Workers do so before they serve runs, which would else go on upon rows that know less than they do.
    """
    told = await _last_answer(temporal)
    if told is None or told.rounds is None:
        return
    remembered = told.rounds
    async with database.transaction() as connection:
        await lock_rounds(connection)
        counted = await count_rounds(connection)
        if counted >= remembered:
            return
        places = await list_environments(connection)
        if told.oldest is None or oldest_of(places) != told.oldest:
            log.warning("Temporal served another database, or one restored to before anything was in it")
            return
        log.warning("Postgres was restored: of %s rounds of the reconciler it counts %s", remembered, counted)
        # Looking at all that Temporal runs takes minutes, and nobody else may begin to meanwhile.
        await take_time(connection)
        healed = [(place, await look_back(database, temporal, place)) for place in places]
        for place, kinds in healed:
            await note_round(connection, place["id"], now, {kind.value: many for kind, many in kinds.items()})
        await skip_rounds(connection, places[0]["id"], remembered - counted)


def oldest_of(places: Sequence[DictRow]) -> UUID | None:
    """The id of the oldest environment: ids are in the order of time."""
    return min((UUID(str(place["id"])) for place in places), default=None)


async def _last_answer(temporal: Temporal) -> ReconcileAnswer | None:
    """What the reconciler's own workflow heard last; None where it heard nothing that can be read."""
    for event in await last_events(temporal, names.MAINTENANCE, EVENTS):
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            result = event.activity_task_completed_event_attributes.result.payloads
            try:
                (answer,) = await temporal.client.data_converter.decode(result, [ReconcileAnswer])
                return ReconcileAnswer.model_validate(answer)
            except (PayloadUnreadableError, KeyError, RuntimeError, ValueError) as error:
                # Its keys are gone. A worker that would not start could never be told otherwise.
                log.warning("cannot tell whether Postgres was restored: %s", error)
                return None
    return None


async def look_back(database: Database, temporal: Temporal, place: DictRow) -> Healed:
    """End every workflow that knows more than Postgres does since its last round there.

    A trigger that Postgres lost is counted, whether it still ran or not: nobody can carry it out again but
    its caller. A run that has a row is ended only so that the repair of runs carries it out again.
    """
    async with database.connection() as connection:
        report = await find_report(connection, place["id"])
    since = None if report is None else report["at"]
    lost: set[UUID] = set()
    if temporal.is_listed:
        async for page in _pages(list_started(temporal, place["slug"], since)):
            lost |= await _end_unknown(database, temporal, place, page)
    if since is not None:
        await _end_those_ahead(database, temporal, place, since)
    if lost:
        log.warning("Postgres lost the triggers %s of %s", ", ".join(map(str, sorted(lost))), place["slug"])
    return +Healed({Difference.TRIGGERS_LOST: len(lost)})


async def _pages(listed: AsyncIterator[Carried]) -> AsyncIterator[list[Carried]]:
    page: list[Carried] = []
    async for one in listed:
        page.append(one)
        if len(page) == PAGE:
            yield page
            page = []
    yield page


async def _end_unknown(
    database: Database, temporal: Temporal, place: DictRow, page: list[Carried]
) -> set[UUID]:
    """The triggers among these that have no row."""
    found = [one.workflow_run_id for one in page]
    async with database.connection() as connection:
        known = await find_known_triggers(connection, place["id"], found)
    for one in page:
        # The repeated fan-out of a pending trigger writes its runs' rows anew, and they run again.
        is_ahead = one.workflow_run_id not in known or known[one.workflow_run_id] == "pending"
        if is_ahead and one.is_running:
            await end_forgotten(temporal, one.workflow_id)
    _beat(len(page))
    return set(found) - set(known)


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
