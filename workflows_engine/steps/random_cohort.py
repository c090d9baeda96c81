"""The random cohort step: divides recipients by chance (E-EXPERIMENT)."""

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from workflows_engine.channel_types import with_channel_types
from workflows_engine.effects.steps import draw_cohort
from workflows_engine.forking import take_way
from workflows_engine.run import Run
from workflows_engine.step import Next, PlannedStep, Step, Way, Written, has_liquid

if TYPE_CHECKING:
    from workflows_engine.steps import AnyStep


class Cohort(Written):
    """A share of the recipients: a number in requests, a decimal text in answers."""

    name: str | None = None
    percentage: str | int | float
    terminates: bool | None = None
    steps: 'Annotated[list["AnyStep"], BeforeValidator(with_channel_types)]' = []

    @field_validator("percentage")
    @classmethod
    def _is_a_percentage(cls, value: str | int | float) -> str | int | float:
        share = _decimal(value)
        if not 0 <= share <= 100 or share != round(share, 1):
            raise ValueError("a percentage is between 0 and 100 with at most one decimal place")
        return value

    @property
    def share(self) -> Decimal:
        return _decimal(self.percentage)


class RandomCohortPlan(PlannedStep):
    """What travels: where each cohort's steps begin; who falls where is answered when the step runs."""

    type: Literal["random_cohort"] = "random_cohort"
    targets: list[int] = []

    async def run(self, run: Run) -> Next:
        return await take_way(run, self, self.targets, draw_cohort)


class RandomCohortStep(Step):
    """The same key falls into the same cohort in every run."""

    type: Literal["random_cohort"]
    conditions: None = None
    cohort_key: str | None = None
    cohort_branches: list[Cohort] = Field(min_length=2, max_length=10)

    @model_validator(mode="after")
    def _is_a_whole(self) -> "RandomCohortStep":
        total = sum(cohort.share for cohort in self.cohort_branches)
        if total != 100:
            raise ValueError(f"the percentages of all cohorts sum to 100, these to {total}")
        return self

    def plan(self) -> RandomCohortPlan:
        return RandomCohortPlan(ref=self.ref)

    def ways(self) -> list[Way]:
        return [
            Way(f"cohort_branches[{index}].steps", list(cohort.steps), bool(cohort.terminates))
            for index, cohort in enumerate(self.cohort_branches)
        ]

    def templates(self) -> dict[str, str]:
        key = self.cohort_key
        return {"cohort_key": key} if key is not None and has_liquid(key) else {}


def _decimal(value: str | int | float) -> Decimal:
    try:
        share = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("a percentage is a number") from None
    if not share.is_finite():
        raise ValueError("a percentage is a number")
    return share
