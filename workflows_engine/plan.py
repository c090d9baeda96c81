"""The plan of a workflow version: a flat list of steps with jumps, compiled once at publishing (D29)."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from workflows_engine.errors import PlanMismatch
from workflows_engine.passing_over import PassedOverPlan, planned
from workflows_engine.step import PlannedStep, Step, Way
from workflows_engine.steps import AnyPlannedStep

FORMAT = 1
"""Raised when old plans could no longer be read as they are; old formats stay in the replay corpus."""


class Plan(BaseModel):
    """Steps in order, those inside a fork behind it, way after way; a position is an index into them."""

    format: int = FORMAT
    steps: list[AnyPlannedStep]

    @classmethod
    def of(cls, steps: Sequence[Step]) -> "Plan":
        """Compile what an author wrote."""
        end = _extent(steps)
        return cls.model_validate({"steps": _Layout(end).entries(steps, 0, end)})

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Plan":
        """A stored plan; raises PlanMismatch when this release cannot carry it out."""
        if stored.get("format") != FORMAT:
            raise PlanMismatch(f"plan format {stored.get('format')} is unknown here, which reads {FORMAT}")
        try:
            return cls.model_validate(stored)
        except ValidationError as error:
            raise PlanMismatch(f"the plan cannot be read: {error.error_count()} mistakes") from error

    def position_of(self, ref: str) -> int:
        """Where the step of this ref stands; raises PlanMismatch for none."""
        for position, step in enumerate(self.steps):
            if step.ref == ref:
                return position
        raise PlanMismatch(f"the plan has no step {ref}")

    def is_last(self, position: int) -> bool:
        """Whether a run ends when the step at this position is done."""
        return self.after(position) >= len(self.steps)

    def refs_after(self, ref: str) -> list[str]:
        """The refs of all entries behind that step's, some of which a run may still reach."""
        return [step.ref for step in self.steps[self.position_of(ref) + 1 :]]

    def after(self, position: int) -> int:
        """Where a run goes on when the step at this position is done; the plan's length ends it."""
        then = self.steps[position].then
        return position + 1 if then is None else then


class _Layout:
    """Lays steps out in one list that ends at `end`."""

    def __init__(self, end: int) -> None:
        self._end = end

    def entries(self, steps: Sequence[Step], start: int, onward: int) -> list[PlannedStep]:
        """The entries of these steps from `start` on; after the last of them the run is at `onward`."""
        found: list[PlannedStep] = []
        for number, step in enumerate(steps, start=1):
            here = start + len(found)
            after = onward if number == len(steps) else here + _extent([step])
            found += self._step(step, here, after)
        return found

    def _step(self, step: Step, here: int, after: int) -> list[PlannedStep]:
        targets: list[int] = []
        inside: list[PlannedStep] = []
        for way in _ways(step):
            begins, onward = here + 1 + len(inside), self._end if way.terminates else after
            targets.append(begins if way.steps else onward)
            inside += self.entries(way.steps, begins, onward)
        known = {"then": None if after == here + 1 else after} | ({"targets": targets} if targets else {})
        return [planned(step).model_copy(update=known), *inside]


def _ways(step: Step) -> list[Way]:
    """What of a step is laid out behind it; steps inside one that is passed over do not travel."""
    return [] if isinstance(planned(step), PassedOverPlan) else step.ways()


def _extent(steps: Sequence[Step]) -> int:
    """How many entries these steps take, with those inside them."""
    return sum(1 + sum(_extent(way.steps) for way in _ways(step)) for step in steps)
