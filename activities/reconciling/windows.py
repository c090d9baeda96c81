"""Windows that nobody holds: the next member closes them (D9)."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import DictRow

from activities.reconciling.items import Healed, each
from activities.reconciling.starting import startable
from dispatch.carrying import workflow_id_of
from dispatch.looking import Condition, condition_of, is_forgotten
from dispatch.signals import tell_look
from dispatch.starting import StartableRun, start_recipient_run
from dispatch.temporal import Temporal
from models.database import Connection, Database
from models.tables.batches import (
    Closing,
    close_window,
    count_members,
    dismiss_cancelled,
    lock_window,
    mark_taken,
    next_member,
    set_owner,
)
from models.tables.recipient_runs import find_carrier
from models.tables.reconciliation import find_orphaned_windows, has_open_member, reopen
from models.tables.run_events import LogLine, log
from models.values.differences import Difference

OVERDUE = timedelta(seconds=60)
"""A window this late has lost its owner, unless its workflow runs and only its worker is away."""


async def hand_over(
    database: Database, temporal: Temporal, place: DictRow, now: datetime, page_size: int = 200
) -> Healed:
    """Give orphaned windows to their next member, or close the empty ones.

    All are looked at, page by page: those whose owners run, and only wait for a worker, hide no others.
    """

    async def hand(window: DictRow) -> Difference | None:
        owner = window["owner_run_id"]
        if owner is not None and await _is_carried(database, temporal, place, owner):
            return None  # and it was told to look: the window may have closed without its hearing of it
        async with database.transaction() as connection:
            heir = await _name_heir(connection, place, window, now)
        if heir is None:
            return None
        await start_recipient_run(temporal, heir)
        return Difference.WINDOWS_HANDED_OVER

    handed, after = Healed(), None
    while True:
        async with database.connection() as connection:
            overdue = now - OVERDUE
            found = await find_orphaned_windows(connection, place["id"], now, overdue, after, page_size)
        handed += await each(found, hand)
        if len(found) < page_size:
            return handed
        after = found[-1]


async def _is_carried(database: Database, temporal: Temporal, place: DictRow, run_id: UUID) -> bool:
    """Where Temporal or Postgres lost the run, the repair of runs takes it up; it still holds its window."""
    async with database.connection() as connection:
        run = await find_carrier(connection, place["id"], run_id)
    if run is None or run["finished_at"] is not None:
        return False
    workflow_id = workflow_id_of(run)
    condition = await condition_of(temporal, workflow_id)
    if condition is Condition.RUNNING:
        await tell_look(temporal.client, workflow_id)
    if condition in (Condition.RUNNING, Condition.MISSING):
        return True
    return await is_forgotten(temporal, workflow_id, condition)


async def _name_heir(
    connection: Connection, place: DictRow, orphan: DictRow, now: datetime
) -> StartableRun | None:
    window = await lock_window(connection, place["id"], orphan["id"])
    if window["taken_at"] is not None or window["owner_run_id"] != orphan["owner_run_id"]:
        return None
    if window["closed_at"] is None:
        await dismiss_cancelled(connection, window["id"], now)
    member = await next_member(connection, window["id"])
    if member is None:
        await _give_up(connection, window, now)
        return None
    run_id = UUID(str(member["recipient_run_id"]))
    incarnation = await reopen(connection, place["id"], run_id, window["id"], now)
    await set_owner(connection, window["id"], run_id)
    line = LogLine(event="batch_taken_over", data={"window_id": str(window["id"])})
    await log(connection, place["id"], run_id, line, now)
    run = await find_carrier(connection, place["id"], run_id)
    assert run is not None  # it was updated above
    return replace(startable(run), incarnation=incarnation)


async def _give_up(connection: Connection, window: DictRow, now: datetime) -> None:
    """Nobody can go on with it. Members that are still at work become absorbed, and heirs, next round.

    What a closed one gathered ended with the runs of its members, as their rows say.
    """
    totals = await count_members(connection, window["id"])
    if totals["activities"] and (
        window["closed_at"] is None or await has_open_member(connection, window["id"])
    ):
        return
    if window["closed_at"] is None:
        await close_window(connection, window["id"], Closing("empty", totals, None, now))
    await mark_taken(connection, window["id"], now)
