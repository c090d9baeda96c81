"""A workflow as its author writes it, and its compilation into a plan."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from workflows_engine.plan import Plan
from workflows_engine.steps import AnyStep


class WorkflowSettings(BaseModel):
    """Preferences come with a later issue; both switches are kept and reported as they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    is_commercial: bool = False
    override_preferences: bool = False


class WorkflowDefinition(BaseModel):
    """The body of `WorkflowRequest` in the management contract; what cannot be obeyed yet is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=255)
    description: str | None = Field(default=None, max_length=280)
    categories: list[str] = []
    tags: list[str] = []
    settings: WorkflowSettings = WorkflowSettings()
    trigger_frequency: Literal["every_trigger"] = "every_trigger"
    conditions: None = None
    trigger_data_json_schema: None = None
    goal_attachment: None = None
    steps: list[AnyStep]

    @field_validator("steps")
    @classmethod
    def _refs_are_unique(cls, steps: list[Any]) -> list[Any]:
        seen: set[str] = set()
        for step in steps:
            if step.ref in seen:
                raise ValueError(f'two steps have the ref "{step.ref}"; each ref must be its own')
            seen.add(step.ref)
        return steps

    def plan(self) -> Plan:
        return Plan(steps=[step.plan() for step in self.steps])

    def step(self, ref: str) -> Any:
        """The step with this ref; a run's version always has the steps of its plan."""
        return next(step for step in self.steps if step.ref == ref)
