"""What every step has: as it is written (`Step`), and as it travels with a run (`PlannedStep`)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from models.values.conditions import ConditionGroup
from models.values.kinds import Outcome
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from workflows_engine.run import Run

REF_PATTERN = r"^[A-Za-z0-9_-]{1,255}$"


@dataclass(frozen=True)
class GoOn:
    """The next step is the one that the plan says comes after this one."""


@dataclass(frozen=True)
class Jump:
    """The next step is the one at this position of the plan."""

    position: int


@dataclass(frozen=True)
class Switch:
    """The run goes on with another plan, after the step of this ref (E-BATCH-23)."""

    plan: dict[str, Any]
    ref: str


@dataclass(frozen=True)
class End:
    """The run ends."""

    outcome: Outcome
    reason: str | None = None
    cancel: int | None = None
    is_settled: bool = False
    """Nothing is left to be written: the run is settled already, or another workflow goes on with it."""


Next = GoOn | Jump | Switch | End


class PlannedStep(BaseModel):
    """What of a step travels in a run: its ref and what steers control flow, never texts (D29)."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    type: str
    ref: str
    then: int | None = Field(default=None, exclude_if=lambda then: then is None)
    """Where in the plan the run goes on after this step; None for the entry that follows."""

    async def run(self, run: "Run") -> Next:
        """Carry the step out in workflow code; the world is reached through effects only."""
        raise NotImplementedError(f"a {self.type} step does not say how it runs")


ReferenceKind = Literal[
    "audience",
    "channel",
    "channel_group",
    "email_layout",
    "goal",
    "guide",
    "partial",
    "source",
    "workflow",
]


@dataclass(frozen=True)
class Reference:
    """Something outside the workflow that a step names. `channel_type` is what that channel must be."""

    kind: ReferenceKind
    key: str
    path: str
    channel_type: str | None = None


@dataclass(frozen=True)
class Unsupported:
    """What this release accepts and does not obey, by its JSON path; the step may run nevertheless."""

    path: str
    what: str
    passes_over: bool = False
    """Whether a run passes over the whole step for it."""


class Written(BaseModel):
    """A part of a workflow as its author writes it; unknown keys are refused, so that nothing is dropped.

    Its validator is built when it is first used: runs never use it, and in the sandbox each would pay for it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


@dataclass(frozen=True)
class Way:
    """Steps inside a step, by their JSON path; after a way that terminates the run ends (E-BRANCH-3)."""

    path: str
    steps: "list[Step]"
    terminates: bool = False


class Step(Written):
    """A step as a workflow's author writes it. Paths that it answers begin below the step."""

    type: str
    ref: str = Field(pattern=REF_PATTERN)
    name: str | None = None
    description: str | None = None
    conditions: ConditionGroup | None = None

    def plan(self) -> PlannedStep:
        raise NotImplementedError(f"a {self.type} step has no plan")

    def templates(self) -> dict[str, str]:
        """The Liquid in this step by its JSON path; publishing checks each. Nested steps tell their own."""
        return {}

    def references(self) -> list[Reference]:
        """What this step names outside the workflow."""
        return []

    def unsupported(self) -> list[Unsupported]:
        """What of this step is not obeyed yet."""
        return []

    def ways(self) -> list[Way]:
        """The steps inside this one.

        Its plan then has `targets`: where each way begins, or, when it has no steps, where the run goes on
        after it.
        """
        return []


def has_liquid(text: str) -> bool:
    """Whether a text is a template rather than a plain value."""
    return "{{" in text or "{%" in text
