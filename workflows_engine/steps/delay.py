"""The delay step: pauses the run for a time, or until a moment that the data names (E-DELAY)."""

from typing import Literal

from models.values.durations import Duration
from pydantic import Field, model_validator

from workflows_engine.effects.steps import resolve_delay
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Step, Written


class DelaySettings(Written):
    """Which fields are set tells the mode: fixed, until a time in the data, or relative to it (E-DELAY-1)."""

    delay_for: Duration | None = None
    delay_until_field_path: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _says_until_when(self) -> "DelaySettings":
        if self.delay_for is None and self.delay_until_field_path is None:
            raise ValueError("a delay needs delay_for or delay_until_field_path")
        return self


class DelayPlan(PlannedStep):
    """What travels: the ref; the due time is answered when the step runs."""

    type: Literal["delay"] = "delay"

    async def run(self, run: Run) -> Next:
        answer = await run.perform(self, resolve_delay)
        if (then := run.settle(self, answer)) is not None:
            return then
        if answer.due is not None:
            await run.rest(self, answer.due, "waiting")
        if run.cancelled is not None:
            run.details.tell(self.ref, "stopped", "cancelled while waiting")
            return run.cancelled
        run.details.tell(self.ref, "done", answer.reason)
        return GoOn()


class DelayStep(Step):
    """A duration counts from when the step runs (E-DELAY-5)."""

    type: Literal["delay"]
    settings: DelaySettings

    def plan(self) -> DelayPlan:
        return DelayPlan(ref=self.ref)
