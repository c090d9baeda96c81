"""Carries runs out without Temporal: real performers on Postgres, in the order and at the times we say."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import TerminatedError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities.pauses import Pauses
from activities.recipients import Recipients
from activities.runs import Runs
from activities.steps.batch import BatchSteps
from activities.steps.channel import ChannelSteps
from activities.steps.delay import DelaySteps
from activities.versions import Versions
from dispatch.temporal import Temporal
from models.database import Database
from models.values.kinds import Outcome
from tests.houses import SEALER
from workflows_engine import names
from workflows_engine.effects.runs import BeginAnswer, BeginAsk, ExpandAsk, FinishAsk
from workflows_engine.effects.steps import CloseAnswer, MoveAsk, StepAnswer, StepAsk, Verdict, WindowAsk
from workflows_engine.plan import Plan
from workflows_engine.run import RunInput
from workflows_engine.step import End, PlannedStep
from workflows_engine.workflow_run import WorkflowRunInput

A = TypeVar("A", bound=BaseModel)
START = datetime(2031, 3, 3, 12, 0, tzinfo=UTC)
Moments = AsyncIterator[datetime]
Held = tuple[UUID, datetime]


@dataclass(frozen=True)
class Performed:
    """An effect that was carried out, to be asked for again."""

    perform: Callable[[Any], Awaitable[BaseModel]]
    ask: BaseModel
    answer: BaseModel


class Stage:
    """Stands in for a Temporal client: it knows the calls of `dispatch` and no others."""

    namespace = "model"

    def __init__(self, database: Database) -> None:
        self.clock = START
        self.temporal = Temporal(client=cast("Client", self), is_listed=False)
        self.performed: list[Performed] = []
        versions = Versions(SEALER)
        self.runs = Runs(database, versions, self.temporal)
        self.batch = BatchSteps(database, versions, self.temporal)
        self.channel = ChannelSteps(database, versions, self.temporal)
        self.delay = DelaySteps(database, versions)
        self.pauses = Pauses(database)
        self._recipients = Recipients(database, self.temporal)
        self._carried: dict[str, Carried] = {}
        self._ready: deque[Callable[[], Awaitable[None]]] = deque()

    # --- what tests do --------------------------------------------------------------------------------

    async def now(self) -> datetime:
        return self.clock

    async def idle(self) -> None:
        """Until every run waits for its time, or has ended."""
        while self._ready:
            await self._ready.popleft()()

    async def pass_time(self, minutes: int) -> None:
        await self.idle()
        end = self.clock + timedelta(minutes=minutes)
        while due := [one for one in self._carried.values() if one.until is not None and one.until <= end]:
            first = min(due, key=lambda one: one.until or end)
            self.clock = max(self.clock, first.until or end)
            await first.resume()
            await self.idle()
        self.clock = end

    async def strike(self, workflow_id: str, carrier: str) -> None:
        """`dead`: a person terminates it. `lost`: nobody ever heard of it."""
        if carrier == "dead":
            self._carried[workflow_id].terminate()
        else:
            del self._carried[workflow_id]

    async def restart(self, number: int) -> None:
        """What a lost worker had done is done again: the answers must be the same."""
        if not self.performed:
            return
        one = self.performed[number % len(self.performed)]
        again = await one.perform(one.ask.model_copy(update={"now": self.clock}))
        assert again == one.answer, f"asked again {one.ask!r}"

    async def perform(self, perform: Callable[[Any], Awaitable[A]], ask: BaseModel) -> A:
        answer = await perform(ask)
        self.performed.append(Performed(perform, ask, answer.model_copy(deep=True)))
        return answer

    # --- what `dispatch` asks of a client -------------------------------------------------------------

    async def start_workflow(self, _workflow: object, given: BaseModel, *, id: str, **_: object) -> "Handle":
        if isinstance(given, RunInput):
            if id in self._carried:
                raise WorkflowAlreadyStartedError(id, "RecipientRun")
            carried = self._carried[id] = Carried(self, given)
            self._ready.append(carried.resume)
        else:
            assert isinstance(given, WorkflowRunInput)
            self._ready.append(lambda: self._expand(given))
        return Handle(id, None)

    def get_workflow_handle(self, workflow_id: str, **_: object) -> "Handle":
        return Handle(workflow_id, self._carried.get(workflow_id))

    def wake(self, carried: "Carried") -> None:
        self._ready.append(carried.resume)

    async def _expand(self, given: WorkflowRunInput) -> None:
        ask = ExpandAsk(
            environment_id=given.environment_id, workflow_run_id=given.workflow_run_id, now=self.clock
        )
        await ActivityEnvironment().run(self._recipients.expand_recipients, ask)


@dataclass(frozen=True)
class Handle:
    """As of a Temporal client."""

    id: str
    carried: "Carried | None"
    first_execution_run_id: str = "run"

    @property
    def status(self) -> WorkflowExecutionStatus:
        assert self.carried is not None
        return self.carried.status

    async def describe(self, **_: object) -> "Handle":
        if self.carried is None:
            raise RPCError("no such workflow", RPCStatusCode.NOT_FOUND, b"")
        return self

    async def result(self, **_: object) -> str:
        if self.status is WorkflowExecutionStatus.TERMINATED:
            raise WorkflowFailureError(cause=TerminatedError("a person did"))
        assert self.status is WorkflowExecutionStatus.COMPLETED
        return "finished"

    async def signal(self, signal: str, *, args: Sequence[Any], **_: object) -> None:
        if self.carried is None or self.carried.status is not WorkflowExecutionStatus.RUNNING:
            raise RPCError("no such workflow", RPCStatusCode.NOT_FOUND, b"")
        self.carried.hear(signal, args)


class Carried:
    """One recipient run, stepped as RecipientRunWorkflow steps it; a pause is a `yield` of its end."""

    def __init__(self, stage: Stage, given: RunInput) -> None:
        self._stage = stage
        self._given = given
        self._life = self._carry_out()
        self.status = WorkflowExecutionStatus.RUNNING
        self.until: datetime | None = None
        self._cancel: int | None = None
        self._spent = 0
        self._wishes: list[datetime | None] = []
        self._is_nudged = False
        self._moves = 0
        self._then: End | tuple[dict[str, Any], str] | None = None

    async def resume(self) -> None:
        """On from a pause to the next, or to the end."""
        if self.status is not WorkflowExecutionStatus.RUNNING:
            return
        self.until = None
        try:
            self.until = await anext(self._life)
        except StopAsyncIteration:
            self.status = WorkflowExecutionStatus.COMPLETED

    def terminate(self) -> None:
        self.until, self.status = None, WorkflowExecutionStatus.TERMINATED

    def hear(self, signal: str, args: Sequence[Any]) -> None:
        if signal == names.CANCEL:
            if self._cancel is None and args[0] > self._spent:
                self._cancel = args[0]
        elif signal == names.LOOK:
            self._is_nudged = True
        elif signal == names.WAKE:
            self._wishes = [args[0]]
        if self.until is not None and self._is_disturbed:
            self._stage.wake(self)

    @property
    def _is_disturbed(self) -> bool:
        return self._cancel is not None or self._is_nudged or bool(self._wishes)

    async def _carry_out(self) -> Moments:
        begin = BeginAsk(**self._run(), incarnation=self._given.incarnation, now=self._stage.clock)
        begun = await self._stage.perform(self._stage.runs.begin_run, begin)
        if begun.outcome is not None:
            return
        end = End(Outcome.FINISHED)
        async for until in self._walk(begun):
            yield until
        if isinstance(self._then, End):
            end = self._then
        ask = FinishAsk(
            **self._run(),
            incarnation=self._given.incarnation,
            outcome=end.outcome,
            reason=end.reason,
            cancel=end.cancel,
            has_sent=False,
            now=self._stage.clock,
        )
        await self._stage.perform(self._stage.runs.finish_run, ask)

    async def _walk(self, begun: BeginAnswer) -> Moments:
        plan, position = Plan.read(begun.plan or {}), begun.position
        held = None
        if begun.window_id is not None and begun.closes_at is not None:
            held = begun.window_id, begun.closes_at
        while position < len(plan.steps):
            if self._cancel is not None:
                self._then = End(Outcome.CANCELLED, "cancelled", self._cancel)
                return
            step = plan.steps[position]
            pauses = {"batch": self._gather(step, held), "delay": self._wait(step)}.get(step.type)
            async for until in pauses or self._send(step):
                yield until
            held = None
            if isinstance(self._then, End):
                return
            if self._then is not None:
                plan = Plan.read(self._then[0])
                position, self._then = plan.position_of(self._then[1]), None
            position = plan.after(position)

    async def _send(self, step: PlannedStep) -> Moments:
        self._settle(await self._stage.perform(self._stage.channel.compose_messages, self._ask(step)))
        return
        yield

    async def _wait(self, step: PlannedStep) -> Moments:
        answer = await self._stage.perform(self._stage.delay.resolve_delay, self._ask(step))
        if self._settle(answer) or answer.due is None:
            return
        due = answer.due
        while self._stage.clock < due:
            async for until in self._pause(due):
                yield until
            if self._cancel is not None:
                self._then = End(Outcome.CANCELLED, "cancelled", self._cancel)
                return
            if self._wishes:
                due = await self._move(step, None)

    async def _gather(self, step: PlannedStep, held: Held | None) -> Moments:
        if held is None:
            joined = await self._stage.perform(self._stage.batch.join_batch, self._ask(step))
            if self._settle(joined) or joined.window_id is None or joined.closes_at is None:
                return
            if not joined.is_owner:
                self._then = End(Outcome.ABSORBED, "gathered")
                return
            held = joined.window_id, joined.closes_at
        async for until in self._hold(step, *held):
            yield until

    async def _hold(self, step: PlannedStep, window_id: UUID, closes_at: datetime) -> Moments:
        for look in count(1):
            async for until in self._pause(closes_at):
                yield until
            if self._cancel is not None:
                if await self._leave(step, window_id, look):
                    return
                continue
            if self._wishes:
                closes_at = await self._move(step, window_id)
            about = self._about(step, window_id, look)
            closed = await self._stage.perform(self._stage.batch.close_batch, about)
            if closed.closes_at is None:
                self._closed(step, closed)
                return
            closes_at = closed.closes_at

    def _closed(self, step: PlannedStep, closed: CloseAnswer) -> None:
        if closed.spent is not None:
            self._spend(closed.spent)
        if not self._settle(closed) and closed.plan is not None:
            self._then = closed.plan, step.ref

    async def _leave(self, step: PlannedStep, window_id: UUID, look: int) -> bool:
        left = await self._stage.perform(self._stage.batch.leave_batch, self._about(step, window_id, look))
        if self._settle(left):
            return True
        self._spend(self._cancel or 0)
        return False

    def _spend(self, acceptance: int) -> None:
        self._spent = max(self._spent, acceptance)
        if self._cancel is not None and self._cancel <= self._spent:
            self._cancel = None

    async def _move(self, step: PlannedStep, window_id: UUID | None) -> datetime:
        self._moves += 1
        ask = MoveAsk(
            **self._ask(step, self._moves).model_dump(),
            until=self._wishes.pop(),
            window_id=window_id,
            incarnation=self._given.incarnation,
        )
        return (await self._stage.perform(self._stage.pauses.move_pause, ask)).until

    async def _pause(self, until: datetime) -> Moments:
        if until <= self._stage.clock:
            return
        if not self._is_disturbed:
            yield until
        self._is_nudged = False

    def _settle(self, answer: StepAnswer) -> bool:
        """Whether the step is over with this answer."""
        if answer.verdict is Verdict.STOP:
            self._then = End(answer.outcome or Outcome.HALTED, answer.reason, answer.cancel)
        assert answer.verdict in (Verdict.STOP, Verdict.SKIP, Verdict.DONE), answer.reason
        return answer.verdict is not Verdict.DONE

    def _run(self) -> dict[str, UUID]:
        return {
            "environment_id": self._given.environment_id,
            "recipient_run_id": self._given.recipient_run_id,
        }

    def _ask(self, step: PlannedStep, attempt: int = 1) -> StepAsk:
        return StepAsk(**self._run(), step_ref=step.ref, attempt=attempt, now=self._stage.clock)

    def _about(self, step: PlannedStep, window_id: UUID, look: int) -> WindowAsk:
        return WindowAsk(
            **self._ask(step, look).model_dump(),
            window_id=window_id,
            incarnation=self._given.incarnation,
            cancel=self._cancel,
        )
