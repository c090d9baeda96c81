"""Beginning and finishing recipient runs: the first and the last thing a run does."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg import Rollback
from psycopg.rows import DictRow
from temporalio import activity

from activities.backlogs import Backlogs
from activities.entrance import Entrance, find_entrance
from activities.ledger import LedgerKey, Writing
from activities.performs import performs
from activities.standing import LedAsk, Standing, cancelled, stopped
from activities.versions import Version, Versions
from dispatch.temporal import Temporal
from dispatch.tracing.effects import note_answer, note_ask
from dispatch.tracing.spans import spanning
from dispatch.waking import wake_for_run
from models.database import Connection, Database
from models.parts import Part
from models.tables.batches import lock_window, release_windows
from models.tables.cancels import find_canceller
from models.tables.messages import find_unattempted
from models.tables.recipient_runs import Ending, close_part, find_facts, find_outcome, status_part
from models.tables.run_events import LogLine, log_part
from models.tables.triggers import lock_unretired
from models.tables.waits import RunEventKey, awaited_run_part, lock_open_wait
from models.values.kinds import Outcome, RunStatus, TriggerSource
from workflows_engine import effects, names
from workflows_engine.effects.runs import BeginAnswer, BeginAsk, FinishAnswer, FinishAsk
from workflows_engine.effects.steps import StepAnswer, StepAsk

BEGIN = "$begin"
FINISH = "$finish"
Leading = Callable[[StepAsk], Awaitable[StepAnswer]]
FAILURES = (Outcome.FAILED, Outcome.RECIPIENT_MISSING)
"""Outcomes that count as an error of the run."""


class Runs:
    """Performs `begin_run` and `finish_run`."""

    def __init__(
        self,
        database: Database,
        versions: Versions,
        temporal: Temporal | None = None,
        leading: Mapping[str, Leading] | None = None,
    ) -> None:
        """Without `temporal` nobody is told of runs that they wait for.

        `leading`, by the types of planned steps: what is performed with the beginning of a run whose first
        step is of such a type, as it needs nothing but our own rows.
        """
        self._database = database
        self._versions = versions
        self._temporal = temporal
        self._leading = leading or {}
        self._backlogs = Backlogs()

    @performs(effects.begin_run)
    async def begin_run(self, ask: BeginAsk) -> BeginAnswer:
        """Hand out the plan, or refuse: a finished, withdrawn, cancelled or impossible run does nothing.

        A plan handed out before is handed out again, also when the run has finished meanwhile: the task that
        asks may be the closing one, which Temporal repeats. Then every step answers from the ledger (D24).
        """
        async with self._database.connection() as connection:
            facts = await find_facts(connection, ask.environment_id, ask.recipient_run_id)
            if facts is None:
                return BeginAnswer(outcome=Outcome.TERMINATED, reason="the run has no row")
            version = await self._versions.get(connection, ask.environment_id, facts["workflow_version_id"])
            standing = Standing(facts, version)
            answer = await _decide(connection, standing, ask)
            entrance = Entrance(standing)
            if answer.outcome is None and ask.incarnation == 0:
                entrance = await find_entrance(connection, standing, ask.now)
                answer = answer if entrance.halt is None else _refused(entrance.halt)
            answer, stored, is_awaited = await _begun(connection, ask, answer, entrance)
            if stored is not None:
                answer = BeginAnswer.model_validate(stored)
                version = await self._planned(connection, ask, version, answer)
            elif ask.incarnation == 0:
                await self._note(connection, ask, facts)
            if answer.outcome is not None and facts["resume_window_id"] is not None:
                # An heir that may not run must not keep what it inherited (D9).
                await release_windows(connection, ask.environment_id, ask.recipient_run_id, ask.now)
        if is_awaited:
            await self._wake(ask, "started")
        if answer.outcome is not None:
            return answer
        first = await self._lead(ask, version.plan, facts) if ask.leads else None
        return answer.model_copy(update={"plan": version.plan, "first": first})

    async def _note(self, connection: Connection, ask: BeginAsk, facts: DictRow) -> None:
        """A run begins for the first time; one that was reset has not waited ever since."""
        is_single = facts["trigger_source"] == TriggerSource.API and facts["fan_out"] is None
        tenant = (ask.environment_id, facts["tenant_id"])
        queue = activity.info().task_queue if activity.in_activity() else names.RUNS
        await self._backlogs.note(connection, tenant, ask.waited_seconds, is_single=is_single, queue=queue)

    async def _lead(self, ask: BeginAsk, plan: dict[str, Any], facts: DictRow) -> dict[str, Any] | None:
        """The first step's answer; it has its own place in the ledger, wherever it is asked for again."""
        steps = plan["steps"]
        performer = self._leading.get(steps[0]["type"]) if steps else None
        if performer is None:
            return None
        step_ask = LedAsk(
            environment_id=ask.environment_id,
            recipient_run_id=ask.recipient_run_id,
            step_ref=steps[0]["ref"],
            closes=(steps[0].get("then") or 1) >= len(steps),
            now=ask.now,
            facts=facts,
        )
        with spanning("first step"):
            note_ask(step_ask)
            answer = await performer(step_ask)
            note_answer(answer)
        return answer.model_dump(mode="json", exclude_defaults=True)

    async def _planned(
        self, connection: Connection, ask: BeginAsk, version: Version, answer: BeginAnswer
    ) -> Version:
        """The version whose plan was handed out the first time: by now the run may go on with another."""
        if answer.version_id is None or answer.version_id == version.id:
            return version
        return await self._versions.get(connection, ask.environment_id, answer.version_id)

    @performs(effects.finish_run)
    async def finish_run(self, ask: FinishAsk) -> FinishAnswer:
        """Settle the run's row, say in its log how it ended, and name messages that nobody delivers yet.

        A row that was settled before stays as it is: a cancel that came before Temporal had taken the end
        makes the run's workflow end once more, as cancelled. The log then has no second end, and says who
        came late.
        """
        environment_id, run_id = ask.environment_id, ask.recipient_run_id
        async with self._database.connection() as connection:
            answer = FinishAnswer()
            # One that ended otherwise may have composed a message whose answer a worker took with it (D11).
            if ask.has_sent or ask.outcome not in (Outcome.FINISHED, Outcome.ABSORBED):
                answer.unsettled = await find_unattempted(connection, environment_id, run_id)
            key = LedgerKey(run_id, FINISH, str(ask.incarnation))
            writing = Writing(key, answer, ask.now)
            ending = Ending(
                environment_id, run_id, ask.outcome, ask.reason, ask.now, errors=ask.outcome in FAILURES
            )
            by = await _canceller(connection, environment_id, ask.cancel) or ask.cancelled_by
            writing.add(*closing(ending, by))
            if ask.outcome.status is RunStatus.COMPLETED:
                writing.add(awaited_run_part(environment_id, run_id, "completed"))
            stored = await writing.write(connection)
            if ask.outcome is Outcome.CANCELLED:
                await _note_late(connection, ask, by)
        if writing.is_awaited:
            await self._wake(ask, "completed")
        return answer if stored is None else FinishAnswer.model_validate(stored)

    async def _wake(self, ask: BeginAsk | FinishAsk, event_key: RunEventKey) -> None:
        if self._temporal is not None:
            run = (ask.environment_id, ask.recipient_run_id)
            await wake_for_run(self._database, self._temporal, *run, event_key)


async def _begun(
    connection: Connection, ask: BeginAsk, answer: BeginAnswer, entrance: Entrance
) -> tuple[BeginAnswer, dict[str, Any] | None, bool]:
    """The answer as it was written down; what had been answered before, if anything had; is it awaited?"""
    standing = entrance.standing
    facts = standing.facts
    if facts["answered_at"] is not None and facts["cancellation_key"] is None and not entrance.is_limited:
        writing = await _writing(connection, ask, entrance, answer)
        return answer, await writing.write(connection), writing.is_awaited
    async with connection.transaction() as transaction:
        refusal = await _late_refusal(connection, standing)
        if answer.outcome is None:
            refusal = refusal or await entrance.used_up(connection, ask.now)
            answer = answer if refusal is None else _refused(refusal)
        writing = await _writing(connection, ask, entrance, answer)
        stored = await writing.write(connection)
        if stored is not None:
            # What was answered before counts: nothing is used up by asking again.
            raise Rollback(transaction)
    return answer, stored, writing.is_awaited


async def _decide(connection: Connection, standing: Standing, ask: BeginAsk) -> BeginAnswer:
    facts = standing.facts
    stop = _refusal(standing)
    if stop is not None:
        return _refused(stop)
    if ask.incarnation == 0:
        return BeginAnswer(version_id=standing.version.id)
    refs = [step["ref"] for step in standing.version.plan["steps"]]
    if facts["resume_window_id"] is None:
        wait = await lock_open_wait(connection, ask.environment_id, ask.recipient_run_id)
        position, until = (0, None) if wait is None else (refs.index(wait["step_ref"]), wait["expires_at"])
        return BeginAnswer(position=position, closes_at=until, version_id=standing.version.id)
    window = await lock_window(connection, ask.environment_id, facts["resume_window_id"])
    return BeginAnswer(
        position=refs.index(window["step_ref"]),
        window_id=window["id"],
        closes_at=window["closes_at"],
        version_id=standing.version.id,
    )


def _refused(stop: StepAnswer) -> BeginAnswer:
    return BeginAnswer(outcome=stop.outcome, reason=stop.reason, cancel=stop.cancel)


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


async def _late_refusal(connection: Connection, standing: Standing) -> StepAnswer | None:
    """What may change at this very moment: a withdrawal (D5) and a cancel (D10), each under its lock."""
    facts = standing.facts
    if facts["answered_at"] is None and not await lock_unretired(
        connection, facts["environment_id"], facts["workflow_run_id"]
    ):
        return stopped(Outcome.TERMINATED, "the trigger was never answered and is withdrawn")
    return await standing.cancelled_meanwhile(connection)


async def _writing(connection: Connection, ask: BeginAsk, entrance: Entrance, answer: BeginAnswer) -> Writing:
    environment_id, run_id = ask.environment_id, ask.recipient_run_id
    writing = Writing(LedgerKey(run_id, BEGIN, str(ask.incarnation)), answer, ask.now)
    writing.add(*entrance.parts(ask.now))
    if answer.outcome is None:
        status = RunStatus.PAUSED if answer.closes_at else RunStatus.PROCESSING
        writing.add(status_part(environment_id, run_id, status, ask.now, answer.closes_at))
        writing.add(awaited_run_part(environment_id, run_id, "started"))
    elif entrance.standing.facts["finished_at"] is None:
        errors = answer.outcome in FAILURES
        ending = Ending(environment_id, run_id, answer.outcome, answer.reason, ask.now, errors=errors)
        writing.add(*closing(ending, await _canceller(connection, environment_id, answer.cancel)))
    return writing


async def _canceller(
    connection: Connection, environment_id: UUID, acceptance: int | None
) -> dict[str, Any] | None:
    """Who cancelled by API: the cancel's number, its moment, and the id of the key it came with (D10)."""
    if acceptance is None:
        return None
    cancel = await find_canceller(connection, environment_id, acceptance)
    if cancel is None:
        return {"cancel": acceptance}
    key_id = None if cancel["api_key_id"] is None else str(cancel["api_key_id"])
    return {"cancel": acceptance, "cancelled_at": cancel["inserted_at"].isoformat(), "api_key_id": key_id}


def closing(
    ending: Ending, cancelled_by: dict[str, Any] | str | None, *, unless_it_holds: bool = False
) -> list[Part]:
    """Settling a run and saying so in its log, as parts of a statement; nothing for one that had ended.

    `unless_it_holds`: nor for one that holds a batch window.
    """
    told = {"outcome": ending.outcome.value, "reason": ending.reason, **_who(cancelled_by)}
    cancelled_run = ending.outcome.status is RunStatus.CANCELLED
    line = LogLine(
        event="run_cancelled" if cancelled_run else "run_completed",
        status="error" if ending.errors else "ok",
        data={name: value for name, value in told.items() if value is not None},
    )
    told_last = log_part(ending.environment_id, ending.run_id, line, ending.now, after="closed")
    return [close_part(ending, unless_it_holds=unless_it_holds), replace(told_last, name="ended")]


def _who(cancelled_by: dict[str, Any] | str | None) -> dict[str, Any]:
    """Who cancelled, as a line of the log tells it."""
    if isinstance(cancelled_by, dict):
        return {"cancelled_by": "cancellation key", **cancelled_by}
    return {} if cancelled_by is None else {"cancelled_by": cancelled_by}


async def _note_late(connection: Connection, ask: FinishAsk, by: dict[str, Any] | str | None) -> None:
    """Temporal shows the run as cancelled: its log has to say why it is not, when it had ended otherwise."""
    outcome = await find_outcome(connection, ask.environment_id, ask.recipient_run_id)
    # An activity that waits in a window is taken out by a cancel by key, also when its run has ended.
    is_obeyed = outcome == Outcome.ABSORBED and ask.cancel is not None
    if outcome in (None, Outcome.CANCELLED) or is_obeyed:
        return
    key = LedgerKey(ask.recipient_run_id, FINISH, f"late:{ask.incarnation}")
    writing = Writing(key, FinishAnswer(), ask.now)
    line = LogLine(event="cancel_came_late", data={"outcome": outcome, **_who(by)})
    writing.add(log_part(ask.environment_id, ask.recipient_run_id, line, ask.now))
    await writing.write(connection)
