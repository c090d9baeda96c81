"""Performs delay steps: when to go on (E-DELAY)."""

from datetime import datetime
from typing import Any

from activities.judging import judged, why_skipped
from activities.ledger import Entry, LedgerKey, claim
from activities.moments import moment_at
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load
from activities.step_log import log_step
from activities.versions import Versions
from models.database import Database
from models.tables.recipient_runs import set_status
from models.tables.run_events import LogLine
from models.values.durations import LONGEST
from models.values.kinds import RunStatus
from workflows_engine import effects
from workflows_engine.effects.steps import DelayAnswer, StepAsk, Verdict
from workflows_engine.scope import RunScope
from workflows_engine.steps.delay import DelaySettings


class DelaySteps:
    """Performs `resolve_delay`."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    @performs(effects.resolve_delay)
    async def resolve_delay(self, ask: StepAsk) -> DelayAnswer:
        """The due time, with the run marked as paused until then; a cancel that came first stops it."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
        answer, trace = think(ask, standing, scope)
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"delay:{ask.attempt}")
        async with claim(self._database, key, ask.now, answer) as entry:
            if entry.stored is not None:
                return DelayAnswer.model_validate(entry.stored)
            stop = await standing.enter(entry, ask.now)
            if stop is not None:
                answer = DelayAnswer(**stop.model_dump())
                await entry.record(answer)
                return answer
            await _write(entry, ask, answer, trace)
        return answer


async def _write(entry: Entry, ask: StepAsk, answer: DelayAnswer, trace: list[dict[str, Any]]) -> None:
    """A delay that cannot be resolved is an error of the data, and skipped all the same (E-DELAY-4)."""
    if answer.due is not None:
        run = (ask.environment_id, ask.recipient_run_id)
        await set_status(entry.connection, *run, RunStatus.PAUSED, ask.now, answer.due)
        line = LogLine(event="delay_started", data={"until": answer.due.isoformat()})
        await log_step(entry.connection, ask, line, "delay")
    elif answer.verdict is Verdict.SKIP:
        line = LogLine(
            event="step_skipped",
            status="error" if answer.is_mistake else "ok",
            data={"reason": answer.reason, "conditions": trace},
        )
        await log_step(entry.connection, ask, line, "delay")


def think(ask: StepAsk, standing: Standing, scope: RunScope) -> tuple[DelayAnswer, list[dict[str, Any]]]:
    """The answer, and the trace of the step's conditions."""
    if standing.stop is not None:
        return DelayAnswer(**standing.stop.model_dump()), []
    step = standing.version.definition.step(ask.step_ref)
    judgement = judged(step.conditions, scope, ask.now)
    if not judgement.holds:
        return DelayAnswer(verdict=Verdict.SKIP, reason=why_skipped(judgement)), judgement.trace
    if standing.setting("skip_delay"):
        return DelayAnswer(verdict=Verdict.SKIP, reason="skip_delay was set by the trigger"), judgement.trace
    due = _due(step.settings, ask, standing, scope)
    if isinstance(due, str):
        return DelayAnswer(verdict=Verdict.SKIP, reason=due, is_mistake=True), judgement.trace
    return DelayAnswer(due=due, reason=f"waited until {due:%Y-%m-%d %H:%M:%S} UTC"), judgement.trace


def _due(settings: DelaySettings, ask: StepAsk, standing: Standing, scope: RunScope) -> datetime | str:
    """When the delay ends, by its mode, or why that cannot be told (E-DELAY-1, E-DELAY-4, E-DELAY-6)."""
    length, path = settings.delay_for, settings.delay_until_field_path
    if path is not None:
        return moment_at(path, scope, standing, ask.now, length)
    assert length is not None  # a delay has one of the two
    due = length.after(ask.now)
    if ask.now < due <= ask.now + LONGEST:
        return due
    return "the delay is not between now and 365 days"
