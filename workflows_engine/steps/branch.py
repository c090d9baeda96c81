"""The branch step: goes one of several ways (E-BRANCH). Accepted, not run yet."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from models.values.conditions import ConditionGroup
from pydantic import BeforeValidator, Field, model_validator

from workflows_engine.channel_types import with_channel_types
from workflows_engine.passing_over import not_run
from workflows_engine.step import Step, Unsupported, Written

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

    def nested(self) -> list[tuple[str, list[Any]]]:
        return [(f"branches[{index}].steps", branch.steps) for index, branch in enumerate(self.branches)]

    def unsupported(self) -> list[Unsupported]:
        return not_run(self.type)
