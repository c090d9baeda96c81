"""Beginning and finishing a recipient run; starting those of a trigger."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.values.kinds import Outcome
from pydantic import BaseModel

from workflows_engine.effects.effect import Effect, Where


class BeginAsk(BaseModel):
    """`incarnation` tells a run taken up again from the first time.

    `leads` says that the first step may be performed with it, which spares a run an effect of its own.
    """

    environment_id: UUID
    recipient_run_id: UUID
    incarnation: int = 0
    leads: bool = False
    waited_seconds: float = 0.0
    """From the start of its workflow to its first task: how long it waited for a worker."""
    now: datetime


class BeginAnswer(BaseModel):
    """The plan to carry out from `position` on, or the outcome of a run that is not to be carried out.

    The plan is as it was compiled; `Plan.read` checks its format. `window_id` is set for a run that was
    taken up again to close a batch window.
    """

    plan: dict[str, Any] | None = None
    position: int = 0
    window_id: UUID | None = None
    closes_at: datetime | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    cancel: int | None = None
    version_id: UUID | None = None
    """The version of the plan: asked again, the run is given the same, whatever it goes on with by then."""
    first: dict[str, Any] | None = None
    """What the effect of the first step answered, where it was performed too."""


class FinishAsk(BaseModel):
    """How the run ended, and by whom it was cancelled if it was."""

    environment_id: UUID
    recipient_run_id: UUID
    incarnation: int = 0
    outcome: Outcome
    reason: str | None = None
    cancelled_by: str | None = None
    cancel: int | None = None
    """The acceptance number of the cancel that ended the run, if one by key did."""
    has_sent: bool = True
    """Whether the run composed anything that a provider delivers; if not, nobody need look for it."""
    now: datetime


class FinishAnswer(BaseModel):
    """Messages of the run that nobody delivers yet."""

    unsettled: list[str] = []


class ExpandAsk(BaseModel):
    """A trigger whose recipients are to be identified and started."""

    environment_id: UUID
    workflow_run_id: UUID
    is_crowd: bool = False
    """Whether it is one of many that were asked for at a time."""
    now: datetime


class ExpandAnswer(BaseModel):
    """How many recipient runs the trigger has; `retired` when it was never answered and must not run."""

    started: int = 0
    retired: bool = False


class RenewAnswer(BaseModel):
    """The incarnation that holds the run's window or wait now; None when neither is the run's any more."""

    incarnation: int | None = None


begin_run = Effect("begin_run", BeginAsk, BeginAnswer)
finish_run = Effect("finish_run", FinishAsk, FinishAnswer)
expand_recipients = Effect(
    "expand_recipients",
    ExpandAsk,
    ExpandAnswer,
    where=Where.BULK,
    timeout=timedelta(hours=24),
    heartbeat=timedelta(seconds=30),
)
