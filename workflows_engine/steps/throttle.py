"""The throttle step: lets so many runs of a key pass in a window (E-THROTTLE)."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from models.values.durations import Duration
from pydantic import Field, model_validator

from workflows_engine.effects.pauses import pass_throttle
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Step, Written, has_liquid

LONGEST_WINDOW = timedelta(days=31)
# Months have no length of their own: they are measured from the start of a long one.
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


class ThrottleSettings(Written):
    """How many pass, by what key, in which window: fixed, or from the data."""

    throttle_key: str | None = None
    throttle_limit: int | None = Field(default=None, ge=1)
    throttle_window: Duration | None = None
    throttle_window_field_path: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _has_a_window(self) -> "ThrottleSettings":
        window = self.throttle_window
        if window is None and self.throttle_window_field_path is None:
            raise ValueError("a throttle needs throttle_window or throttle_window_field_path")
        if window is not None and not timedelta(0) < window.after(EPOCH) - EPOCH <= LONGEST_WINDOW:
            raise ValueError("a throttle window is longer than nothing and at most 31 days")
        return self

    @property
    def limit(self) -> int:
        return self.throttle_limit or 1


class ThrottlePlan(PlannedStep):
    """What travels: the ref; keys, windows and how many passed are rows."""

    type: Literal["throttle"] = "throttle"

    async def run(self, run: Run) -> Next:
        answer = await run.perform(self, pass_throttle)
        return run.settle(self, answer) or GoOn()


class ThrottleStep(Step):
    """The run halts where the limit is used up (E-THROTTLE-1)."""

    type: Literal["throttle"]
    settings: ThrottleSettings

    def plan(self) -> ThrottlePlan:
        return ThrottlePlan(ref=self.ref)

    def templates(self) -> dict[str, str]:
        key = self.settings.throttle_key
        return {"settings.throttle_key": key} if key is not None and has_liquid(key) else {}
