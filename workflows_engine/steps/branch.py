"""The branch step: goes the first of several ways whose conditions hold (E-BRANCH)."""

from typing import TYPE_CHECKING, Annotated, Literal

from models.values.conditions import ConditionGroup
from pydantic import BeforeValidator, Field, model_validator

from workflows_engine.channel_types import with_channel_types
from workflows_engine.effects.steps import choose_branch
from workflows_engine.forking import take_way
from workflows_engine.run import Run
from workflows_engine.step import Next, PlannedStep, Step, Way, Written

if TYPE_CHECKING:
    from workflows_engine.steps import AnyStep


class Branch(Written):
    """One way: when it is taken, its steps, and whether the run ends after them."""

    name: str | None = None
    conditions: ConditionGroup | None = None
    terminates: bool | None = None
    steps: 'Annotated[list["AnyStep"], BeforeValidator(with_channel_types)]' = []

    @property
    def is_default(self) -> bool:
        return self.conditions is None or not self.conditions.leaves()


class BranchPlan(PlannedStep):
    """What travels: where each branch begins; which of them is taken is answered when the step runs."""

    type: Literal["branch"] = "branch"
    targets: list[int] = []

    async def run(self, run: Run) -> Next:
        return await take_way(run, self, self.targets, choose_branch)


class BranchStep(Step):
    """The first branch whose conditions hold is taken; the last one has none and is the default."""

    type: Literal["branch"]
    conditions: None = None
    branches: list[Branch] = Field(min_length=1, max_length=10)

    @model_validator(mode="after")
    def _default_is_last(self) -> "BranchStep":
        if not self.branches[-1].is_default:
            raise ValueError("the last branch is the default and has no conditions")
        for index, branch in enumerate(self.branches[:-1]):
            if branch.is_default:
                raise ValueError(f"branches[{index}] needs conditions; only the last branch goes without")
        return self

    def plan(self) -> BranchPlan:
        return BranchPlan(ref=self.ref)

    def ways(self) -> list[Way]:
        return [
            Way(f"branches[{index}].steps", list(branch.steps), bool(branch.terminates))
            for index, branch in enumerate(self.branches)
        ]
