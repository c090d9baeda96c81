"""What a step holds while it runs: ids, time, cancellation, pauses and deliveries."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from models.values.kinds import Outcome
from models.values.refs import RecipientRef
from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import SearchAttributeKey

from workflows_engine import names
from workflows_engine.details import Details
from workflows_engine.effects.delivery import (
    DeliverAsk,
    Delivered,
    HandOverAsk,
    deliver_message,
    hand_over_delivery,
)
from workflows_engine.effects.effect import Effect
from workflows_engine.effects.steps import (
    MoveAnswer,
    MoveAsk,
    RenewAsk,
    StepAnswer,
    StepAsk,
    Verdict,
    move_pause,
    renew_run,
)
from workflows_engine.step import End, GoOn, Next, PlannedStep

RETRY_PAUSES = (timedelta(seconds=30), timedelta(seconds=60))
"""Between the three attempts of a failing step (E-RUN-7, E-FETCH-5)."""

LOOKS = 500
"""How often one workflow looks at the rows of a pause: each look adds about seven events to its history,
which may have 51,200. A window that slides every second for days, or a wait that hears of much that does
not match, goes on in another workflow of the same run (D9)."""

A = TypeVar("A", bound=StepAnswer)


class RunInput(BaseModel):
    """What a recipient run is started with: ids and names that its caller gave, nothing else (D23).

    `is_listed` says that the server knows our search attributes; the time-skipping test server does not.
    """

    environment_id: UUID
    environment: str
    workflow_key: str
    workflow_run_id: UUID
    recipient_run_id: UUID
    recipient: RecipientRef
    incarnation: int = 0
    is_listed: bool = True
    whose: str | None = None
    """A hash that the runs of one owner have in common: `dispatch.starting.owner_of`."""


@dataclass(frozen=True)
class HeldWindow:
    """A batch window that a run was taken up again to close."""

    window_id: UUID
    closes_at: datetime


@dataclass(frozen=True)
class CancelNote:
    """Who stopped the run: a cancel by key (with its number), or Temporal (without one)."""

    by: str
    acceptance: int | None = None


@dataclass(frozen=True)
class Wish:
    """What an operator wants of a pause: that it ends now, or at another time."""

    until: datetime | None = None


class Run:
    """One recipient run in flight. Small: everything else stays in Postgres."""

    def __init__(self, given: RunInput) -> None:
        self.given = given
        self.details = Details(f"{given.workflow_key} for {given.recipient}")
        self.cancel: CancelNote | None = None
        self.cancel_spent = 0
        self.held_window: HeldWindow | None = None
        self.has_sent = given.incarnation > 0
        self.first_answer: dict[str, Any] | None = None
        self.is_at_the_last = False
        self.wish: Wish | None = None
        self._nudged = False
        self._moves = 0
        self._deliveries: set[asyncio.Task[None]] = set()

    # --- cancellation -------------------------------------------------------------------------------

    def hear_cancel(self, note: CancelNote) -> None:
        """Remember the first cancel; it is read before pauses and sends and interrupts nothing (D11)."""
        if note.acceptance is not None and note.acceptance <= self.cancel_spent:
            return
        if self.cancel is None:
            self.cancel = note

    def spend_cancel(self) -> None:
        """The cancel took this run's activity out of a window that others keep open (E-CANCEL-6)."""
        if self.cancel is not None and self.cancel.acceptance is not None:
            self.cancel_spent = self.cancel.acceptance
        self.cancel = None

    def spend_up_to(self, acceptance: int) -> None:
        """Cancels up to this number took effect when the window closed; heard later they stop nothing."""
        self.cancel_spent = max(self.cancel_spent, acceptance)
        note = self.cancel
        if note is not None and note.acceptance is not None and note.acceptance <= self.cancel_spent:
            self.cancel = None

    @property
    def cancelled(self) -> End | None:
        if self.cancel is None:
            return None
        return End(Outcome.CANCELLED, f"cancelled by {self.cancel.by}", self.cancel.acceptance)

    # --- being woken ---------------------------------------------------------------------------------

    def nudge(self) -> None:
        """Somebody changed a row that a pause goes by: it ends early, and its step looks again (D31)."""
        self._nudged = True

    def hear_wish(self, wish: Wish) -> None:
        """An operator's wish waits for the next pause, whose step obeys it and forgets it."""
        self.wish = wish

    @property
    def is_undisturbed(self) -> bool:
        """Nobody wants anything of the run that it has not done yet."""
        return self.cancel is None and self.wish is None

    def take_wish(self) -> Wish | None:
        wish, self.wish = self.wish, None
        return wish

    # --- effects ------------------------------------------------------------------------------------

    def ask(self, step: PlannedStep, attempt: int = 1) -> StepAsk:
        return StepAsk(
            environment_id=self.given.environment_id,
            recipient_run_id=self.given.recipient_run_id,
            step_ref=step.ref,
            attempt=attempt,
            closes=self.is_at_the_last and not self.has_sent and self.cancel is None,
            now=workflow.now(),
        )

    async def perform(
        self, step: PlannedStep, effect: Effect[StepAsk, A], pauses: Sequence[timedelta] = RETRY_PAUSES
    ) -> A:
        """Ask for a step's effect, after each pause again while it may be retried and nobody cancels."""
        if self.first_answer is None:
            answer = await effect(self.ask(step), summary=f"{step.ref}: {effect.name}")
        else:
            answer = effect.answer.model_validate(self.first_answer)
            self.first_answer = None
        for attempt, pause in enumerate(pauses, start=2):
            if answer.verdict is not Verdict.RETRY:
                break
            await self.rest(step, workflow.now() + pause, f"failed ({answer.reason}), trying again")
            if self.cancel is not None:
                break
            answer = await effect(
                self.ask(step, attempt), summary=f"{step.ref}: {effect.name}, try {attempt}"
            )
        return answer

    def settle(self, step: PlannedStep, answer: StepAnswer) -> Next | None:
        """What an answer means for the run; None when the step was done and may go on as it likes."""
        match answer.verdict:
            case Verdict.SKIP:
                self.details.tell(step.ref, "skipped", answer.reason)
                return GoOn()
            case Verdict.STOP:
                self.details.tell(step.ref, "stopped", answer.reason)
                return End(answer.outcome or Outcome.HALTED, answer.reason, answer.cancel)
            case Verdict.RETRY | Verdict.FAIL:
                self.details.tell(step.ref, "failed", answer.reason)
                return self.cancelled or End(Outcome.FAILED, f"{step.ref}: {answer.reason}")
            case Verdict.DONE:
                self.details.tell(step.ref, "done", answer.reason)
        return None

    # --- pauses -------------------------------------------------------------------------------------

    async def pause(self, step: PlannedStep, until: datetime, what: str) -> None:
        """Sleep until then, or until there is a reason to look: a cancel, a nudge, an operator's wish."""
        self.details.pending(step.ref, what, until)
        if self.given.is_listed:
            workflow.upsert_search_attributes(
                [
                    SearchAttributeKey.for_keyword(names.WAITING_FOR).value_set(names.bounded(step.ref)),
                    SearchAttributeKey.for_datetime(names.WAITING_UNTIL).value_set(until),
                ]
            )
        left = until - workflow.now()
        if left <= timedelta(0):
            return
        try:
            await workflow.wait_condition(
                lambda: self.cancel is not None or self._nudged or self.wish is not None,
                timeout=left,
                timeout_summary=f"{step.ref}: {what}, until {until:%Y-%m-%d %H:%M:%S} UTC",
            )
        except TimeoutError:
            return
        finally:
            self._nudged = False

    async def rest(self, step: PlannedStep, until: datetime, what: str) -> None:
        """Pause as long as the run's row says: operators may move the end (`wake`), and cancels end it."""
        while True:
            await self.pause(step, until, what)
            if self.cancel is not None:
                return
            wish = self.take_wish()
            if wish is not None:
                until = (await self.move(step, wish)).until
            if workflow.now() >= until:
                return

    async def move(self, step: PlannedStep, wish: Wish, window_id: UUID | None = None) -> MoveAnswer:
        """Write down until when the step pauses now; a batch's window closes then."""
        self._moves += 1
        ask = MoveAsk(
            environment_id=self.given.environment_id,
            recipient_run_id=self.given.recipient_run_id,
            step_ref=step.ref,
            attempt=self._moves,
            now=workflow.now(),
            until=wish.until,
            window_id=window_id,
            incarnation=self.given.incarnation,
        )
        return await move_pause(ask, summary=f"{step.ref}: moved by an operator")

    async def renew(self, step: PlannedStep, look: int, window_id: UUID | None = None) -> End | None:
        """After so many looks another workflow of the run goes on with the pause, and this one ends."""
        if look < LOOKS or not self.is_undisturbed:
            return None
        ask = RenewAsk(
            environment_id=self.given.environment_id,
            recipient_run_id=self.given.recipient_run_id,
            step_ref=step.ref,
            attempt=look,
            now=workflow.now(),
            window_id=window_id,
            incarnation=self.given.incarnation,
        )
        renewed = await renew_run(ask, summary=f"{step.ref}: go on in another workflow")
        if renewed.incarnation is None:
            return None
        return End(Outcome.ABSORBED, "goes on in another workflow", is_settled=True)

    # --- deliveries ---------------------------------------------------------------------------------

    def deliver(self, step: PlannedStep, message_id: str) -> None:
        """Start a first delivery attempt beside the run; no cancel of the run ever interrupts it (D11)."""
        self.has_sent = True
        task = asyncio.create_task(self._deliver(step.ref, message_id))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def deliveries_settled(self) -> None:
        """Wait for every first attempt: a run that closed earlier would lose what is in flight."""
        await workflow.wait_condition(lambda: not self._deliveries)

    async def _deliver(self, ref: str, message_id: str) -> None:
        ask = DeliverAsk(
            environment_id=self.given.environment_id, message_id=message_id, attempt=1, now=workflow.now()
        )
        answer = await deliver_message(ask, summary=f"{ref}: deliver {message_id}")
        if answer.outcome is Delivered.RETRY_AFTER and answer.due is not None:
            self.details.tell(
                ref, "done", f"first attempt failed ({answer.reason}); tried again beside this run"
            )
            await self.hand_over(message_id, attempt=2, due=answer.due)
        elif answer.outcome is Delivered.NOT_YET and answer.due is not None:
            await self.hand_over(message_id, attempt=1, due=answer.due)
        elif answer.outcome is Delivered.SENT:
            self.details.tell(ref, "done", f"message {message_id} sent")
        elif answer.outcome is Delivered.DEAD:
            self.details.tell(ref, "failed", f"message {message_id} cannot be delivered: {answer.reason}")

    async def hand_over(self, message_id: str, attempt: int, due: datetime) -> None:
        """Give a message its own workflow, which outlives this run."""
        await hand_over_delivery(
            HandOverAsk(
                environment_id=self.given.environment_id, message_id=message_id, attempt=attempt, due=due
            ),
            summary=f"hand over {message_id}",
        )
