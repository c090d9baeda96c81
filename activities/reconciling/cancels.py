"""Cancels whose signal was lost: told again."""

from datetime import datetime, timedelta

from psycopg.rows import DictRow

from dispatch.cancels import tell_run
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.reconciliation import find_deaf

PATIENCE = timedelta(seconds=15)


async def tell_again(database: Database, temporal: Temporal, place: DictRow, now: datetime) -> int:
    """Signal open runs that a cancel applies to; one that hears it twice takes no notice."""
    async with database.connection() as connection:
        found = await find_deaf(connection, place["id"], now - PATIENCE)
    told = 0
    for run in found:
        told += await tell_run(temporal, run, run["later_cancel"])
    return told
