"""Runs that got further in Temporal than Postgres remembers, as after a restore: run again from there."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow
from temporalio import activity

from activities.reconciling.items import Healed
from activities.reconciling.starting import startable
from dispatch.carrying import workflow_id_of
from dispatch.sent import sent_by
from dispatch.starting import start_recipient_run
from dispatch.temporal import Temporal
from models.database import Connection, Database
from models.tables.messages import NewEvent, find_message, insert_events, settle_attempt
from models.tables.recipient_runs import is_still_open
from models.tables.reconciliation import take_up_again
from models.tables.run_events import LogLine, log
from models.values.differences import Difference
from models.values.kinds import MessageStatus


async def run_again(database: Database, temporal: Temporal, run: DictRow, now: datetime) -> Healed:
    """Carry an open run out again in another workflow: what the ledger holds of it is not done anew.

    A message that Temporal knows was sent is settled where its row is left. One whose row is lost is
    composed anew by its step, and so sent a second time: that is counted, and the run's log names it.
    """
    environment_id, run_id = run["environment_id"], UUID(str(run["id"]))
    sent = await sent_by(temporal, workflow_id_of(run))
    healed = Healed([Difference.RUNS_RUN_AGAIN])
    async with database.transaction() as connection:
        if not await is_still_open(connection, environment_id, run_id, run["incarnation"]):
            return Healed()
        lost = []
        for message_id in sent:
            is_left, is_settled = await remember(connection, environment_id, message_id, now)
            healed[Difference.DELIVERIES_REMEMBERED] += is_settled
            if not is_left:
                lost.append(message_id)
        healed[Difference.MESSAGES_SENT_AGAIN] += len(lost)
        incarnation = await take_up_again(connection, environment_id, run_id, now)
        line = LogLine(event="run_again", data={"sent_before": lost})
        await log(connection, environment_id, run_id, line, now)
    if lost:
        told = "run %s is run again and Postgres lost its messages %s: their readers get them twice"
        activity.logger.warning(told, run_id, ", ".join(lost))
    await start_recipient_run(temporal, replace(startable(run), incarnation=incarnation, is_crowd=True))
    return +healed


async def remember(
    connection: Connection, environment_id: UUID, message_id: str, now: datetime
) -> tuple[bool, bool]:
    """Settle a message that was sent; whether it has a row, and whether that was not settled yet."""
    message = await find_message(connection, environment_id, message_id)
    if message is None:
        return False, False
    if message["settled_at"] is not None:
        return True, False
    target = (environment_id, message_id)
    await settle_attempt(connection, target, MessageStatus.SENT, None, final=True, now=now)
    await insert_events(connection, *target, [NewEvent("message.sent")], now)
    return True, True
