"""Messages that nobody delivers any more: their own workflow goes on with them, or they are given up."""

from datetime import datetime, timedelta

from psycopg.rows import DictRow

from activities.reconciling.forgotten import remember
from activities.reconciling.items import Healed, each
from dispatch.looking import Condition, condition_of
from dispatch.sent import was_delivered
from dispatch.starting import start_delivery
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.messages import NewEvent, insert_events, settle_message
from models.tables.reconciliation import find_undelivered
from models.values.differences import Difference
from models.values.kinds import MessageStatus
from workflows_engine import names

PATIENCE = timedelta(minutes=35)
"""Longer than the longest pause between two attempts."""


async def take_up(database: Database, temporal: Temporal, place: DictRow, now: datetime) -> Healed:
    """Start the delivery of unsettled messages; one whose workflow was ended by a person is undelivered.

    One whose workflow says that it was sent is settled: Postgres lost that, and it is not sent again.
    """
    async with database.connection() as connection:
        found = await find_undelivered(connection, place["id"], now - PATIENCE)

    async def take(message: DictRow) -> Difference | None:
        retries = message["retries"]
        condition = await condition_of(temporal, names.delivery_workflow(message["id"], retries))
        if condition is Condition.MISSING:
            await start_delivery(temporal, place["id"], message["id"], message["attempts"] + 1, now, retries)
            return Difference.DELIVERIES_RESTARTED
        if condition is Condition.RUNNING:
            return None
        if await was_delivered(temporal, message["id"], retries):
            async with database.transaction() as connection:
                _, is_settled = await remember(connection, place["id"], message["id"], now)
            return Difference.DELIVERIES_REMEMBERED if is_settled else None
        return await _give_up(database, place, message["id"], now)

    return await each(found, take)


async def _give_up(database: Database, place: DictRow, message_id: str, now: datetime) -> Difference | None:
    data = {"failure_reason": "fatal_error", "failure_details": "its delivery was ended in Temporal"}
    async with database.transaction() as connection:
        message = (place["id"], message_id)
        if not await settle_message(connection, *message, MessageStatus.UNDELIVERED, now):
            return None
        await insert_events(connection, *message, [NewEvent("message.undelivered", data)], now)
    return Difference.DELIVERIES_GIVEN_UP
