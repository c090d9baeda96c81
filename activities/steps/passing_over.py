"""Performs steps that this release does not run: one line in the run's log, once."""

from activities.ledger import LedgerKey, claim
from activities.performs import performs
from activities.standing import load
from activities.step_log import log_step
from activities.versions import Versions
from models.database import Database
from models.tables.run_events import LogLine
from workflows_engine import effects
from workflows_engine.effects.steps import PassOverAsk, StepAnswer, Verdict


class PassedOverSteps:
    """Performs `pass_over_step`."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    @performs(effects.pass_over_step)
    async def pass_over_step(self, ask: PassOverAsk) -> StepAnswer:
        """Skip with the reason that publishing gave too; a run that was stopped meanwhile ends."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
        answer = standing.stop or StepAnswer(verdict=Verdict.SKIP, reason=ask.why)
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"pass:{ask.attempt}")
        async with claim(self._database, key, ask.now, answer) as entry:
            if entry.stored is not None:
                return StepAnswer.model_validate(entry.stored)
            stop = await standing.enter(entry, ask.now)
            if stop is not None:
                answer = stop
                await entry.record(answer)
            elif answer.verdict is Verdict.SKIP:
                inside = standing.version.definition.inside(ask.step_ref)
                data = {"reason": ask.why} | ({"steps_not_run": inside} if inside else {})
                line = LogLine(event="step_skipped", data=data)
                await log_step(entry.connection, ask, line, ask.step_type)
        return answer
