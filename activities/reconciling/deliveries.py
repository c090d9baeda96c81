"""Messages that nobody delivers any more: their own workflow goes on with them."""

from datetime import datetime, timedelta

from psycopg.rows import DictRow

from dispatch.starting import start_delivery
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.reconciliation import find_undelivered

PATIENCE = timedelta(minutes=15)
"""Longer than the longest pause between two attempts."""


async def take_up(database: Database, temporal: Temporal, place: DictRow, now: datetime) -> int:
    """Start the delivery of unsettled messages; one that has a workflow is left to it."""
    async with database.connection() as connection:
        found = await find_undelivered(connection, place["id"], now - PATIENCE)
    for message in found:
        await start_delivery(temporal, place["id"], message["id"], message["attempts"] + 1, now)
    return len(found)
