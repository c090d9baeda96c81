"""Sending a message again that was given up, because a person wants it (E-MSG-9)."""

from datetime import datetime
from uuid import UUID

from dispatch.starting import start_delivery
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.messages import NewEvent, insert_events, send_again


async def resend(
    database: Database, temporal: Temporal, environment_id: UUID, message_id: str, now: datetime
) -> bool:
    """Queue it and start its delivery; False for a message that is not undelivered.

    The row comes first: should Temporal be away, the reconciler starts the delivery (D5).
    """
    async with database.transaction() as connection:
        row = await send_again(connection, environment_id, message_id, now)
        if row is None:
            return False
        await insert_events(connection, environment_id, message_id, [NewEvent("message.queued")], now)
    await start_delivery(temporal, environment_id, message_id, row["attempts"] + 1, now, row["retries"])
    return True
