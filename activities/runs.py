"""Beginning and finishing recipient runs: the first and the last thing a run does."""

from activities.ledger import LedgerKey, claim
from activities.performs import performs
from activities.standing import Standing, cancelled, stopped
from activities.versions import Versions
from models.database import Connection, Database
from models.tables.batches import lock_window
from models.tables.messages import find_unattempted
from models.tables.recipient_runs import (
    LogLine,
    close_run,
    count_error,
    find_facts,
    log,
    set_status,
)
from models.tables.triggers import lock_unretired
from models.values.kinds import Outcome, RunStatus
from workflows_engine import effects
from workflows_engine.effects.runs import BeginAnswer, BeginAsk, FinishAnswer, FinishAsk
from workflows_engine.effects.steps import StepAnswer

BEGIN = "$begin"
FINISH = "$finish"


class Runs:
    """Performs `begin_run` and `finish_run`."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    @performs(effects.begin_run)
    async def begin_run(self, ask: BeginAsk) -> BeginAnswer:
        """Hand out the plan, or refuse: a finished, withdrawn, cancelled or impossible run does nothing."""
        async with self._database.connection() as connection:
            facts = await find_facts(connection, ask.environment_id, ask.recipient_run_id)
            if facts is None:
                return BeginAnswer(outcome=Outcome.TERMINATED, reason="the run has no row")
            version = await self._versions.get(connection, ask.environment_id, facts["workflow_version_id"])
        standing = Standing(facts, version)
        answer = await self._decide(standing, ask)
        key = LedgerKey(ask.recipient_run_id, BEGIN, str(ask.incarnation))
        async with claim(self._database, key, ask.now, answer) as entry:
            if entry.stored is not None:
                answer = BeginAnswer.model_validate(entry.stored)
            else:
                refusal = await self._late_refusal(entry.connection, standing)
                refusal = refusal or await standing.cancelled_meanwhile(entry)
                if refusal is not None and answer.outcome is None:
                    answer = BeginAnswer(outcome=refusal.outcome, reason=refusal.reason)
                    await entry.record(answer)
                await self._write_beginning(entry.connection, ask, standing, answer)
        return answer if answer.outcome is not None else answer.model_copy(update={"plan": version.plan})

    async def _decide(self, standing: Standing, ask: BeginAsk) -> BeginAnswer:
        facts = standing.facts
        stop = _refusal(standing)
        if stop is not None:
            return BeginAnswer(outcome=stop.outcome, reason=stop.reason)
        if ask.incarnation == 0 or facts["resume_window_id"] is None:
            return BeginAnswer()
        async with self._database.connection() as connection:
            window = await lock_window(connection, ask.environment_id, facts["resume_window_id"])
        refs = [step["ref"] for step in standing.version.plan["steps"]]
        return BeginAnswer(
            position=refs.index(window["step_ref"]), window_id=window["id"], closes_at=window["closes_at"]
        )

    async def _late_refusal(self, connection: Connection, standing: Standing) -> StepAnswer | None:
        """An unanswered trigger may be withdrawn at this very moment: ask under its row's lock (D5)."""
        facts = standing.facts
        if facts["answered_at"] is not None:
            return None
        if await lock_unretired(connection, facts["environment_id"], facts["workflow_run_id"]):
            return None
        return stopped(Outcome.TERMINATED, "the trigger was never answered and is withdrawn")

    async def _write_beginning(
        self, connection: Connection, ask: BeginAsk, standing: Standing, answer: BeginAnswer
    ) -> None:
        environment_id, run_id = ask.environment_id, ask.recipient_run_id
        if answer.outcome is None:
            status = RunStatus.PAUSED if answer.window_id else RunStatus.PROCESSING
            await set_status(connection, environment_id, run_id, status, ask.now, answer.closes_at)
            return
        if standing.facts["finished_at"] is not None:
            return
        if answer.outcome is Outcome.RECIPIENT_MISSING:
            await count_error(connection, environment_id, run_id)
        await close_run(connection, environment_id, run_id, answer.outcome, answer.reason, ask.now)
        failed = answer.outcome is Outcome.RECIPIENT_MISSING
        line = LogLine(
            event=_event(answer.outcome),
            status="error" if failed else "ok",
            data={"outcome": answer.outcome.value, "reason": answer.reason},
        )
        await log(connection, environment_id, run_id, line, ask.now)

    @performs(effects.finish_run)
    async def finish_run(self, ask: FinishAsk) -> FinishAnswer:
        """Settle the run's row, say in its log how it ended, and name messages that nobody delivers yet."""
        key = LedgerKey(ask.recipient_run_id, FINISH, str(ask.incarnation))
        async with claim(self._database, key, ask.now, FinishAnswer()) as entry:
            if entry.stored is not None:
                return FinishAnswer.model_validate(entry.stored)
            environment_id, run_id = ask.environment_id, ask.recipient_run_id
            connection = entry.connection
            if ask.outcome is Outcome.FAILED:
                await count_error(connection, environment_id, run_id)
            await close_run(connection, environment_id, run_id, ask.outcome, ask.reason, ask.now)
            data = {"outcome": ask.outcome.value, "reason": ask.reason, "cancelled_by": ask.cancelled_by}
            line = LogLine(
                event=_event(ask.outcome),
                status="error" if ask.outcome is Outcome.FAILED else "ok",
                data={name: value for name, value in data.items() if value is not None},
            )
            await log(connection, environment_id, run_id, line, ask.now)
            answer = FinishAnswer(unsettled=await find_unattempted(connection, environment_id, run_id))
            if answer.unsettled:
                await entry.record(answer)
        return answer


def _refusal(standing: Standing) -> StepAnswer | None:
    facts = standing.facts
    if facts["finished_at"] is not None:
        return stopped(Outcome(facts["outcome"]), "the run is finished")
    if facts["retired_at"] is not None:
        return stopped(Outcome.TERMINATED, "the trigger was never answered and is withdrawn")
    if facts["later_cancel"] is not None:
        return cancelled(facts["later_cancel"])
    if facts["recipient_properties"] is None:
        return stopped(
            Outcome.RECIPIENT_MISSING,
            "the recipient was never identified; identify it first or give it inline",
        )
    return standing.stop


def _event(outcome: Outcome) -> str:
    return "run_cancelled" if outcome.status is RunStatus.CANCELLED else "run_completed"
