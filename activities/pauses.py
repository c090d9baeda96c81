"""Moves the end of a pause, as an operator wishes: a delay, a wait, or an open batch window."""

from datetime import datetime

from activities.ledger import Entry, LedgerKey, claim
from activities.performs import performs
from activities.step_log import log_step
from models.database import Database
from models.tables import batches
from models.tables.recipient_runs import set_status
from models.tables.run_events import LogLine
from models.values.durations import LONGEST
from models.values.kinds import RunStatus
from workflows_engine import effects
from workflows_engine.effects.steps import MoveAnswer, MoveAsk

BY_OPERATOR = "closed by an operator"
"""Why a window closed whose end was moved to now."""


class Pauses:
    """Performs `move_pause`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @performs(effects.move_pause)
    async def move_pause(self, ask: MoveAsk) -> MoveAnswer:
        """Until when the run pauses from now on; never before now, never more than 365 days away."""
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"move:{ask.incarnation}:{ask.attempt}")
        async with claim(self._database, key, ask.now) as entry:
            if entry.stored is not None:
                return MoveAnswer.model_validate(entry.stored)
            answer = MoveAnswer(until=await _moved(entry, ask))
            await entry.record(answer)
        return answer


async def _moved(entry: Entry, ask: MoveAsk) -> datetime:
    until = min(max(ask.until or ask.now, ask.now), ask.now + LONGEST)
    if ask.window_id is not None:
        window = await batches.lock_window(entry.connection, ask.environment_id, ask.window_id)
        if window["closed_at"] is not None or window["owner_run_id"] != ask.recipient_run_id:
            return ask.now
        reason = BY_OPERATOR if until == ask.now else None
        await batches.set_close(entry.connection, ask.window_id, until, reason)
    run = (ask.environment_id, ask.recipient_run_id)
    await set_status(entry.connection, *run, RunStatus.PAUSED, ask.now, until)
    data = {"until": until.isoformat(), "by": "an operator"}
    step_type = "batch" if ask.window_id is not None else "delay"
    await log_step(entry.connection, ask, LogLine(event="pause_moved", data=data), step_type)
    return until
