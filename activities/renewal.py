"""Gives a run that pauses at rows a workflow of its own anew, before its history grows too long."""

from dataclasses import replace

from activities.ledger import LedgerKey, claim
from activities.performs import performs
from activities.reconciling.starting import startable
from dispatch.starting import start_recipient_run
from dispatch.temporal import Temporal
from models.database import Connection, Database
from models.tables.batches import lock_window
from models.tables.recipient_runs import find_carrier
from models.tables.reconciliation import reopen
from models.tables.waits import lock_open_wait
from workflows_engine import effects
from workflows_engine.effects.runs import RenewAnswer
from workflows_engine.effects.steps import RenewAsk


class Renewal:
    """Performs `renew_run`."""

    def __init__(self, database: Database, temporal: Temporal) -> None:
        self._database = database
        self._temporal = temporal

    @performs(effects.renew_run)
    async def renew_run(self, ask: RenewAsk) -> RenewAnswer:
        """Start the run's next workflow, which goes on with its window or wait; repeated, it starts once."""
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"renew:{ask.incarnation}")
        async with claim(self._database, key, ask.now) as entry:
            if entry.stored is not None:
                answer = RenewAnswer.model_validate(entry.stored)
            else:
                answer = RenewAnswer()
                if await _is_paused_still(entry.connection, ask):
                    run = (ask.environment_id, ask.recipient_run_id)
                    answer.incarnation = await reopen(entry.connection, *run, ask.window_id, ask.now)
                await entry.record(answer)
        if answer.incarnation is not None:
            async with self._database.connection() as connection:
                run_row = await find_carrier(connection, ask.environment_id, ask.recipient_run_id)
            assert run_row is not None  # it was updated above
            await start_recipient_run(
                self._temporal, replace(startable(run_row), incarnation=answer.incarnation)
            )
        return answer


async def _is_paused_still(connection: Connection, ask: RenewAsk) -> bool:
    """Whether the run still holds the window, or still waits where it asks from."""
    if ask.window_id is None:
        wait = await lock_open_wait(connection, ask.environment_id, ask.recipient_run_id)
        return wait is not None and wait["step_ref"] == ask.step_ref
    window = await lock_window(connection, ask.environment_id, ask.window_id)
    return window["owner_run_id"] == ask.recipient_run_id and window["taken_at"] is None
