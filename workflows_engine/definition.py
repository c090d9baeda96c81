"""A workflow as its author writes it, and its compilation into a plan."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from models.values.conditions import ConditionGroup
from pydantic import BeforeValidator, Field, field_validator, model_validator

from workflows_engine.channel_types import with_channel_types
from workflows_engine.json_schemas import check_schema
from workflows_engine.plan import Plan
from workflows_engine.step import Reference, Step, Written
from workflows_engine.steps import HOLDERS, AnyStep
from workflows_engine.steps.ai_agent import AiAgentStep

for holder in HOLDERS:
    holder.model_rebuild(_types_namespace={"AnyStep": AnyStep})

DEEPEST = 5
"""Branches and cohorts inside one another (E-BRANCH-4, E-EXPERIMENT-1)."""


class WorkflowSettings(Written):
    """Whether it asks for commercial consent, and whether it asks for preferences at all (E-PREF-8)."""

    is_commercial: bool = False
    override_preferences: bool = False


class GoalAttachment(Written):
    """The goal that messages of the workflow count towards, and for how many days."""

    goal_key: str = Field(min_length=1)
    attribution_window_days: int | None = Field(default=None, ge=1, le=30)


class WorkflowDefinition(Written):
    """The body of `WorkflowRequest` in the management contract."""

    name: str = Field(min_length=1, max_length=255)
    description: str | None = Field(default=None, max_length=280)
    categories: list[str] = []
    tags: list[str] = []
    settings: WorkflowSettings = WorkflowSettings()
    trigger_frequency: Literal["every_trigger", "once_per_recipient", "once_per_recipient_per_tenant"] = (
        "every_trigger"
    )
    conditions: ConditionGroup | None = None
    trigger_data_json_schema: dict[str, Any] | None = None
    goal_attachment: GoalAttachment | None = None
    steps: Annotated[list[AnyStep], BeforeValidator(with_channel_types)]

    @field_validator("trigger_data_json_schema")
    @classmethod
    def _is_a_schema(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        if schema is not None:
            check_schema(schema)
        return schema

    @model_validator(mode="after")
    def _holds_together(self) -> "WorkflowDefinition":
        seen: dict[str, str] = {}
        for path, step in self.walk():
            if step.ref in seen:
                where = f"{seen[step.ref]} and {path}"
                raise ValueError(f'two steps have the ref "{step.ref}", {where}; each ref must be its own')
            seen[step.ref] = path
            if path.count(".steps[") + bool(step.ways()) > DEEPEST:
                raise ValueError(f"{path} is nested more than {DEEPEST} branches deep")
            if isinstance(step, AiAgentStep) and step.settings.schema_object is not None:
                check_schema(step.settings.schema_object, f"{path}.settings.response_schema: ")
        return self

    def walk(self) -> Iterator[tuple[str, Step]]:
        """Every step in its order, those inside others after them, with its JSON path."""
        yield from _walk("steps", self.steps)

    def plan(self) -> Plan:
        """What runs carry out."""
        return Plan.of(self.steps)

    def step(self, ref: str) -> Any:
        """The step with this ref, however deep; a run's version always has the steps of its plan."""
        return next(step for _, step in self.walk() if step.ref == ref)

    def inside(self, ref: str) -> list[str]:
        """The refs of all steps inside the one with this ref."""
        return [step.ref for way in self.step(ref).ways() for _, step in _walk(way.path, way.steps)]

    def templates(self) -> dict[str, str]:
        """Every piece of Liquid by its JSON path in the workflow."""
        return {
            f"{path}.{inner}": source
            for path, step in self.walk()
            for inner, source in step.templates().items()
        }

    def references(self) -> list[Reference]:
        """Everything outside the workflow that it names, with JSON paths in the workflow."""
        found = [
            replace(reference, path=f"{path}.{reference.path}")
            for path, step in self.walk()
            for reference in step.references()
        ]
        if self.goal_attachment is not None:
            found.append(Reference("goal", self.goal_attachment.goal_key, "goal_attachment.goal_key"))
        return found


def _walk(path: str, steps: Sequence[Step]) -> Iterator[tuple[str, Step]]:
    for index, step in enumerate(steps):
        here = f"{path}[{index}]"
        yield here, step
        for way in step.ways():
            yield from _walk(f"{here}.{way.path}", way.steps)
