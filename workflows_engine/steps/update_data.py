"""The update data step: merges into the run's data (E-UPDATE-13)."""

from typing import Literal

from pydantic import Field

from workflows_engine.effects.functions import update_data
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Step, Written


class UpdateDataSettings(Written):
    """Liquid that renders to a JSON object, or a JSON object whose texts are Liquid."""

    data: str = Field(min_length=1)


class UpdateDataPlan(PlannedStep):
    """What travels: the ref; the data is rendered from Postgres when the step runs."""

    type: Literal["update_data"] = "update_data"

    async def run(self, run: Run) -> Next:
        return run.settle(self, await run.perform(self, update_data)) or GoOn()


class UpdateDataStep(Step):
    """Top-level keys are added or replaced."""

    type: Literal["update_data"]
    settings: UpdateDataSettings

    def plan(self) -> UpdateDataPlan:
        return UpdateDataPlan(ref=self.ref)

    def templates(self) -> dict[str, str]:
        return {"settings.data": self.settings.data}
