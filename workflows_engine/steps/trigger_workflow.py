"""The trigger workflow step: starts another workflow (E-TRIGGERWF)."""

from typing import Literal

from pydantic import Field

from workflows_engine.effects.functions import trigger_workflow
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Reference, Step, Written, has_liquid

DEEPEST = 10
"""Triggers by steps in one another; beyond, a step fails (E-TRIGGERWF-9)."""


class TriggerWorkflowSettings(Written):
    """All Liquid; what is left out is taken from the run (E-TRIGGERWF-1)."""

    workflow_key: str = Field(min_length=1)
    recipients: str | None = None
    data: str | None = None
    actor: str | None = None
    tenant: str | None = None
    cancellation_key: str | None = None


class TriggerWorkflowPlan(PlannedStep):
    """What travels: the ref; what is triggered for whom is rendered when the step runs."""

    type: Literal["trigger_workflow"] = "trigger_workflow"

    async def run(self, run: Run) -> Next:
        return run.settle(self, await run.perform(self, trigger_workflow)) or GoOn()


class TriggerWorkflowStep(Step):
    """A trigger of its own, independent of this run (E-TRIGGERWF-2)."""

    type: Literal["trigger_workflow"]
    settings: TriggerWorkflowSettings

    def plan(self) -> TriggerWorkflowPlan:
        return TriggerWorkflowPlan(ref=self.ref)

    def templates(self) -> dict[str, str]:
        return {
            f"settings.{key}": text for key, text in self.settings.model_dump().items() if text is not None
        }

    def references(self) -> list[Reference]:
        key = self.settings.workflow_key
        return [] if has_liquid(key) else [Reference("workflow", key, "settings.workflow_key")]
