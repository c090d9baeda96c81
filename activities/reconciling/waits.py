"""Waits whose run was never told of an event, or is gone (E-WAITEVENT, D31)."""

from datetime import datetime, timedelta

from psycopg.rows import DictRow

from activities.reconciling.items import Healed, each
from dispatch.temporal import Temporal
from dispatch.waking import wake
from models.database import Database
from models.queries.awaited_events import find_candidates
from models.tables.throttles import forget_throttles
from models.tables.waits import Settling, forget_events, settle_wait, take_unchecked_waits
from models.values.differences import Difference

STALE = timedelta(seconds=60)
"""How often an open wait is looked at, at most."""
OVERDUE = timedelta(seconds=60)
"""A run that did not look for so long after its wait expired is told to."""
KEPT = timedelta(hours=1)
"""Events that no open wait is for, and closed throttles, are forgotten after that, hourly."""


async def tell_again(database: Database, temporal: Temporal, place: DictRow, now: datetime) -> Healed:
    """Tell runs that missed an event to look for it; end waits of runs that ended without them."""
    async with database.transaction() as connection:
        found = await take_unchecked_waits(connection, place["id"], now, now - STALE)

    async def tell(wait: DictRow) -> Difference | None:
        async with database.connection() as connection:
            if wait["finished_at"] is not None:
                run = (wait["environment_id"], wait["recipient_run_id"])
                await settle_wait(connection, *run, wait["step_ref"], Settling("cancelled", now))
                return Difference.WAITS_ENDED
            missed = await find_candidates(connection, wait, limit=1)
        if not missed and now < wait["expires_at"] + OVERDUE:
            return None
        await wake(temporal, [wait])
        return Difference.WAITS_TOLD

    return await each(found, tell)


async def forget(database: Database, place: DictRow, now: datetime) -> None:
    """Remove what no wait and no throttle needs any more, in the first minute of each hour."""
    if now.minute != 0:
        return
    async with database.connection() as connection:
        await forget_events(connection, place["id"], now - KEPT)
        await forget_throttles(connection, place["id"], now - KEPT)
