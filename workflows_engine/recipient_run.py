"""RecipientRunWorkflow: one recipient, step after step."""

import asyncio
from datetime import datetime

from models.values.kinds import Outcome
from temporalio import workflow
from temporalio.common import SearchAttributeKey

from workflows_engine import names
from workflows_engine.effects.runs import BeginAnswer, BeginAsk, FinishAsk, begin_run, finish_run
from workflows_engine.plan import Plan
from workflows_engine.run import CancelNote, HeldWindow, Run, RunInput, Wish
from workflows_engine.step import End, Jump, Switch
from workflows_engine.steps.batch import window_line

OUTCOME_KEY = SearchAttributeKey.for_keyword(names.OUTCOME)


@workflow.defn(name="RecipientRun")
class RecipientRunWorkflow:
    """Its primary task only waits: steps and deliveries are tasks that no cancel interrupts (D11)."""

    @workflow.init
    def __init__(self, given: RunInput) -> None:
        self._run = Run(given)

    @workflow.run
    async def run(self, given: RunInput) -> str:
        """Ends with the outcome's name; closes CANCELED when Temporal cancelled it and it ended by that."""
        body = asyncio.create_task(self._carry_out())
        cancelled_by_temporal = False
        while not body.done():
            try:
                await workflow.wait_condition(body.done)
            except asyncio.CancelledError:
                cancelled_by_temporal = True
                self._run.hear_cancel(CancelNote(by=_temporal(workflow.cancellation_reason())))
        outcome = body.result()
        if outcome is Outcome.CANCELLED and cancelled_by_temporal and self._ended_by_temporal:
            raise asyncio.CancelledError("cancelled in Temporal")
        return outcome.value

    @workflow.signal(name=names.CANCEL)
    def cancel(self, acceptance: int) -> None:
        """A cancel by key with this acceptance number applies to the run (D10)."""
        self._run.hear_cancel(CancelNote(by=f"cancellation key (cancel {acceptance})", acceptance=acceptance))

    @workflow.signal(name=names.LOOK)
    def look(self) -> None:
        """A row that the run's pause goes by has changed (D31)."""
        self._run.nudge()

    @workflow.signal(name=names.WAKE)
    def wake(self, until: datetime | None = None) -> None:
        """An operator ends the run's pause, or moves its end: `temporal workflow signal --name wake`."""
        self._run.hear_wish(Wish(until))

    @workflow.signal(name=names.JOINED)
    def joined(self, step_ref: str, count: int) -> None:
        """Shows a window fill up; membership is a row, and nothing depends on hearing this (D31)."""
        self._run.details.tell(window_line(step_ref), "pending", f"{count} gathered so far")

    @property
    def _ended_by_temporal(self) -> bool:
        note = self._run.cancel
        return note is not None and note.acceptance is None

    async def _carry_out(self) -> Outcome:
        given = self._run.given
        begun = await begin_run(
            BeginAsk(
                environment_id=given.environment_id,
                recipient_run_id=given.recipient_run_id,
                incarnation=given.incarnation,
                leads=self._run.cancel is None and not given.incarnation,
                waited_seconds=(workflow.now() - workflow.info().workflow_start_time).total_seconds(),
                now=workflow.now(),
            ),
            summary="begin",
        )
        if begun.outcome is not None:
            self._run.details.tell("run", "stopped", begun.reason)
            self._show(begun.outcome)
            return begun.outcome
        end = await self._walk(begun)
        await self._run.deliveries_settled()
        if not end.is_settled:
            await self._finish(end)
        return end.outcome

    def _show(self, outcome: Outcome) -> None:
        """A cancelled run can be found as such, though it closed as completed (D10)."""
        if outcome is Outcome.CANCELLED and self._run.given.is_listed:
            workflow.upsert_search_attributes([OUTCOME_KEY.value_set(outcome.value)])

    async def _walk(self, begun: BeginAnswer) -> End:
        if begun.window_id is not None and begun.closes_at is not None:
            self._run.held_window = HeldWindow(begun.window_id, begun.closes_at)
        plan = Plan.read(begun.plan or {})
        position = begun.position
        self._run.first_answer = begun.first
        while position < len(plan.steps):
            # What was performed with the beginning is done, and a cancel that came since finds it so.
            if self._run.cancelled is not None and self._run.first_answer is None:
                return self._run.cancelled
            self._run.is_at_the_last = plan.is_last(position)
            then = await plan.steps[position].run(self._run)
            if isinstance(then, End):
                return then
            if isinstance(then, Switch):
                plan = Plan.read(then.plan)
                position = plan.position_of(then.ref)
            position = then.position if isinstance(then, Jump) else plan.after(position)
        return End(Outcome.FINISHED)

    async def _finish(self, end: End) -> None:
        given = self._run.given
        note = self._run.cancel
        self._show(end.outcome)
        finished = await finish_run(
            FinishAsk(
                environment_id=given.environment_id,
                recipient_run_id=given.recipient_run_id,
                incarnation=given.incarnation,
                outcome=end.outcome,
                reason=end.reason,
                cancelled_by=note.by if note is not None and end.outcome is Outcome.CANCELLED else None,
                cancel=end.cancel,
                has_sent=self._run.has_sent,
                now=workflow.now(),
            ),
            summary=f"finish: {end.outcome}",
        )
        for message_id in finished.unsettled:
            await self._run.hand_over(message_id, attempt=1, due=workflow.now())


def _temporal(reason: str | None) -> str:
    return f"Temporal ({reason})" if reason else "Temporal"
