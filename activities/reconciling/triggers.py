"""Triggers whose caller never heard an answer, and fan-outs that lost their workflow."""

from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import DictRow
from temporalio import activity

from activities.reconciling.items import Healed, each
from dispatch.carrying import workflow_id_of
from dispatch.looking import FORGOTTEN, Condition, condition_of, ending_of
from dispatch.starting import StartableFanOut, start_workflow_run
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.reconciliation import (
    abandon_fan_out,
    find_runs_of,
    find_unanswered,
    find_unfinished_fan_outs,
    retire,
)
from models.tables.triggers import mark_answered
from models.values.differences import Difference
from workflows_engine import names

PATIENCE = timedelta(seconds=60)
"""Longer than any request may still be trying to start its workflow."""
PER_ROUND = 100


async def retire_unanswered(database: Database, temporal: Temporal, place: DictRow, now: datetime) -> Healed:
    """Withdraw what never started; what does run is accepted after all and left alone."""
    async with database.connection() as connection:
        found = await find_unanswered(connection, place["id"], now - PATIENCE, PER_ROUND)

    async def repair(trigger: DictRow) -> Difference | None:
        condition = await condition_of(temporal, await _workflow_id(database, place, trigger))
        async with database.transaction() as connection:
            if condition is not Condition.MISSING:
                answered = await mark_answered(connection, place["id"], trigger["id"], now)
                return Difference.TRIGGERS_ANSWERED_LATE if answered else None
            is_retired = await retire(connection, place["id"], trigger["id"], now)
            return Difference.TRIGGERS_WITHDRAWN if is_retired else None

    return await each(found, repair)


async def restart_fan_outs(database: Database, temporal: Temporal, place: DictRow, now: datetime) -> Healed:
    """Start the fan-out of accepted triggers again where Temporal has forgotten it.

    One that was ended in Temporal before its end is given up, so that it keeps no other waiting. One that
    came to its end, or that we ended since it knew more than a restored Postgres, is done again: the runs
    that it started are known by their ids.
    """
    async with database.connection() as connection:
        found = await find_unfinished_fan_outs(connection, place["id"], now - PATIENCE, PER_ROUND)

    async def repair(trigger: DictRow) -> Difference | None:
        key, trigger_id = trigger["workflow_key"], UUID(str(trigger["id"]))
        fan_out = StartableFanOut(place["id"], place["slug"], key, trigger_id, trigger["tenant_id"])
        condition = await condition_of(temporal, fan_out.workflow_id)
        if condition is Condition.RUNNING:
            return None
        is_forgotten = condition is Condition.TERMINATED and (
            await ending_of(temporal, fan_out.workflow_id) == FORGOTTEN
        )
        if condition in (Condition.TERMINATED, Condition.FAILED) and not is_forgotten:
            async with database.connection() as connection:
                if not await abandon_fan_out(connection, place["id"], trigger_id):
                    return None
            told = "the fan-out of trigger %s is given up: its workflow is %s; the rest gets no run"
            activity.logger.warning(told, trigger_id, condition.value)
            return Difference.FAN_OUTS_GIVEN_UP
        is_repeated = is_forgotten or condition is Condition.CLOSED
        await start_workflow_run(temporal, fan_out, is_repeated=is_repeated)
        return Difference.FAN_OUTS_RESTARTED

    return await each(found, repair)


async def _workflow_id(database: Database, place: DictRow, trigger: DictRow) -> str:
    if trigger["fan_out"] is not None:
        return names.workflow_run_workflow(place["slug"], trigger["workflow_key"], UUID(str(trigger["id"])))
    async with database.connection() as connection:
        runs = await find_runs_of(connection, place["id"], trigger["id"])
    return workflow_id_of(runs[0])
