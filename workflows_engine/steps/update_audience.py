"""The update audience step: adds the run's user to a static audience, or removes them (E-UPDATE-10)."""

from typing import Literal

from pydantic import Field

from workflows_engine.effects.functions import update_audience
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Reference, Step, Written


class UpdateAudienceSettings(Written):
    """Which audience, and whether to add or remove (E-SHAPE-2)."""

    action: Literal["add", "remove"]
    audience_key: str = Field(min_length=1)


class UpdateAudiencePlan(PlannedStep):
    """What travels: the ref."""

    type: Literal["update_audience"] = "update_audience"

    async def run(self, run: Run) -> Next:
        return run.settle(self, await run.perform(self, update_audience)) or GoOn()


class UpdateAudienceStep(Step):
    """Always the run's own recipient, who is a user."""

    type: Literal["update_audience"]
    settings: UpdateAudienceSettings

    def plan(self) -> UpdateAudiencePlan:
        return UpdateAudiencePlan(ref=self.ref)

    def references(self) -> list[Reference]:
        return [Reference("audience", self.settings.audience_key, "settings.audience_key")]
