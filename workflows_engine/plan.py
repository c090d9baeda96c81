"""The plan of a workflow version: a flat list of steps with jumps, compiled once at publishing (D29)."""

from typing import Any

from pydantic import BaseModel, ValidationError

from workflows_engine.errors import PlanMismatch
from workflows_engine.steps import AnyPlannedStep

FORMAT = 1
"""Raised when old plans could no longer be read as they are; old formats stay in the replay corpus."""


class Plan(BaseModel):
    """Steps in order; a position is an index into them."""

    format: int = FORMAT
    steps: list[AnyPlannedStep]

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Plan":
        """A stored plan; raises PlanMismatch when this release cannot carry it out."""
        if stored.get("format") != FORMAT:
            raise PlanMismatch(f"plan format {stored.get('format')} is unknown here, which reads {FORMAT}")
        try:
            return cls.model_validate(stored)
        except ValidationError as error:
            raise PlanMismatch(f"the plan cannot be read: {error.error_count()} mistakes") from error
