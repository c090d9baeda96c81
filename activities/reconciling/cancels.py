"""Cancels whose signal was lost: told again."""

from datetime import datetime, timedelta

from psycopg.rows import DictRow

from activities.reconciling.items import Healed, each
from dispatch.cancels import tell_run
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.reconciliation import take_deaf
from models.values.differences import Difference

PATIENCE = timedelta(seconds=15)
AGAIN = timedelta(minutes=1)
"""Each time is a signal in the run's history, and a task of its workflow."""


async def tell_again(database: Database, temporal: Temporal, place: DictRow, now: datetime) -> Healed:
    """Signal open runs that a cancel applies to; one that hears it twice takes no notice."""
    async with database.connection() as connection:
        found = await take_deaf(connection, place["id"], now, now - PATIENCE, now - AGAIN)

    async def tell(run: DictRow) -> Difference | None:
        is_told = await tell_run(temporal, run, run["later_cancel"]) > 0
        return Difference.CANCELS_TOLD if is_told else None

    return await each(found, tell)
