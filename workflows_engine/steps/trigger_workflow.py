"""The trigger workflow step: starts another workflow (E-TRIGGERWF). Accepted, not run yet."""

from typing import Literal

from pydantic import Field

from workflows_engine.passing_over import not_run, unjudged
from workflows_engine.step import Reference, Step, Unsupported, Written, has_liquid


class TriggerWorkflowSettings(Written):
    """All Liquid; what is left out is taken from the run."""

    workflow_key: str = Field(min_length=1)
    recipients: str | None = None
    data: str | None = None
    actor: str | None = None
    tenant: str | None = None
    cancellation_key: str | None = None


class TriggerWorkflowStep(Step):
    """A trigger of its own, independent of this run."""

    type: Literal["trigger_workflow"]
    settings: TriggerWorkflowSettings

    def templates(self) -> dict[str, str]:
        return {
            f"settings.{key}": text for key, text in self.settings.model_dump().items() if text is not None
        }

    def references(self) -> list[Reference]:
        key = self.settings.workflow_key
        return [] if has_liquid(key) else [Reference("workflow", key, "settings.workflow_key")]

    def unsupported(self) -> list[Unsupported]:
        return not_run(self.type) + unjudged(self.conditions)
