"""The delay step: pauses the run for a fixed time (E-DELAY)."""

from typing import Literal

from models.values.durations import Duration
from pydantic import BaseModel, ConfigDict

from workflows_engine.effects.steps import resolve_delay
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Step


class DelaySettings(BaseModel):
    """Only the fixed mode exists today; a field path is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delay_for: Duration
    delay_until_field_path: None = None


class DelayPlan(PlannedStep):
    """What travels: the ref; the due time is answered when the step runs."""

    type: Literal["delay"] = "delay"

    async def run(self, run: Run) -> Next:
        answer = await run.perform(self, resolve_delay)
        if (then := run.settle(self, answer)) is not None:
            return then
        if answer.due is not None:
            await run.pause(self, answer.due, "waiting")
        if run.cancelled is not None:
            run.details.tell(self.ref, "stopped", "cancelled while waiting")
            return run.cancelled
        run.details.tell(self.ref, "done", answer.reason)
        return GoOn()


class DelayStep(Step):
    """`delay_for` a fixed duration, counted from when the step runs (E-DELAY-5)."""

    type: Literal["delay"]
    settings: DelaySettings

    def plan(self) -> DelayPlan:
        return DelayPlan(ref=self.ref)
