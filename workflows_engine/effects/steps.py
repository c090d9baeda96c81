"""What every step's effect is asked, and what each of them answers."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from models.values.kinds import Outcome
from pydantic import BaseModel

from workflows_engine.effects.effect import Effect, Where
from workflows_engine.effects.runs import RenewAnswer


class StepAsk(BaseModel):
    """Which run, which step, the how-manieth try, and what time it is (D17).

    `closes` says that nothing comes after the step and nothing is on its way: whoever performs it may settle
    the run with it, and answers that.
    """

    environment_id: UUID
    recipient_run_id: UUID
    step_ref: str
    attempt: int = 1
    closes: bool = False
    now: datetime


class Verdict(StrEnum):
    """What becomes of a step once its effect was performed."""

    DONE = "done"
    SKIP = "skip"
    RETRY = "retry"
    """The step failed and may be tried again (E-RUN-7)."""
    FAIL = "fail"
    """The step failed for good; the run halts."""
    STOP = "stop"
    """The run ends here, with `outcome`."""


class StepAnswer(BaseModel):
    """The verdict, a sentence for the person who watches, and the outcome when the run stops.

    Sentences hold no words of vendors and no data (D23): those are in the run's log. `cancel` is the number
    of the cancel that stops the run.
    """

    verdict: Verdict = Verdict.DONE
    reason: str | None = None
    outcome: Outcome | None = None
    cancel: int | None = None


class Scheduled(BaseModel):
    """A message that may not go out before `due`, when its send window opens (E-CHANNEL-14)."""

    message_id: str
    due: datetime


class ComposeAnswer(StepAnswer):
    """The messages that were written; those in `to_deliver` want a provider now, `scheduled` ones later.

    `is_settled`: the run finished with the step; nothing is left to be written.
    """

    message_ids: list[str] = []
    to_deliver: list[str] = []
    scheduled: list[Scheduled] = []
    is_settled: bool = False


class DelayAnswer(StepAnswer):
    """When to go on. `is_mistake`: it is skipped because nobody can tell when (E-DELAY-4)."""

    due: datetime | None = None
    is_mistake: bool = False


class JoinAnswer(StepAnswer):
    """The window joined. Its owner waits until it closes; anyone else was absorbed and ends.

    Without a window the run goes on at once. `hurry`: the window closes earlier than its owner thinks.
    `is_settled`: the run ended with the join itself; nothing is left to be written.
    """

    window_id: UUID | None = None
    is_owner: bool = False
    closes_at: datetime | None = None
    owner_run_id: UUID | None = None
    count: int = 0
    hurry: bool = False
    is_settled: bool = False


class WindowAsk(StepAsk):
    """About a window that this run holds. `cancel` is the acceptance number of the cancel, if one came."""

    window_id: UUID
    incarnation: int = 0
    cancel: int | None = None


class RenewAsk(StepAsk):
    """Another workflow is to go on with the step's pause: with the window that it holds, or with its wait."""

    window_id: UUID | None = None
    incarnation: int = 0


class MoveAsk(StepAsk):
    """An operator's wish about a pause: to end at `until`, or at once. A batch's has its window."""

    until: datetime | None = None
    window_id: UUID | None = None
    incarnation: int = 0


class MoveAnswer(StepAnswer):
    """Until when the run pauses from now on."""

    until: datetime


class LeaveAnswer(StepAnswer):
    """DONE: others remain and the run goes on waiting for them. STOP: nobody does."""

    remaining: int = 0


class CloseAnswer(StepAnswer):
    """Closed, or not yet: then `closes_at` says until when to sleep."""

    closes_at: datetime | None = None
    total_activities: int = 0
    spent: int | None = None
    """The cancel that took this run's own activity out and stops nothing else (E-CANCEL-8)."""
    version_id: UUID | None = None
    plan: dict[str, Any] | None = None
    """The version that the run goes on with, where it is not the one it came with (E-BATCH-23)."""


class PassOverAsk(StepAsk):
    """A step that this release does not run, and why; the reason is ours and names no data."""

    step_type: str
    why: str


class ChooseAnswer(StepAnswer):
    """Which of the step's ways is taken, counted from 0."""

    index: int = 0


class FetchAnswer(StepAnswer):
    """A response merged into the run's data, or why not."""

    status: int | None = None


pass_over_step = Effect("pass_over_step", PassOverAsk, StepAnswer)
compose_messages = Effect("compose_messages", StepAsk, ComposeAnswer)
choose_branch = Effect("choose_branch", StepAsk, ChooseAnswer)
draw_cohort = Effect("draw_cohort", StepAsk, ChooseAnswer)
resolve_delay = Effect("resolve_delay", StepAsk, DelayAnswer)
join_batch = Effect("join_batch", StepAsk, JoinAnswer)
leave_batch = Effect("leave_batch", WindowAsk, LeaveAnswer)
close_batch = Effect("close_batch", WindowAsk, CloseAnswer)
renew_run = Effect("renew_run", RenewAsk, RenewAnswer)
move_pause = Effect("move_pause", MoveAsk, MoveAnswer)
# The request itself may take 15 s (E-FETCH-4); the heartbeat tells a lost worker from a slow server.
fetch = Effect(
    "fetch",
    StepAsk,
    FetchAnswer,
    where=Where.SENDS,
    timeout=timedelta(seconds=20),
    heartbeat=timedelta(seconds=5),
)
