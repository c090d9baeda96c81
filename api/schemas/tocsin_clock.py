"""The test clock's route: what it takes and answers."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from api.schemas.resource import Moment
from models.values.spans import read_span

LONGEST = timedelta(days=366)
"""No run sleeps longer (E-DELAY-6)."""


def _span(text: str) -> str:
    if not timedelta(0) < read_span(text) <= LONGEST:
        raise ValueError(f"must be more than nothing and at most {LONGEST.days} days")
    return text


class AdvanceRequest(BaseModel):
    """How far, and exactly one of: a recipient, a run, or all."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[str, AfterValidator(_span)]
    recipient: Any = None
    run: str | None = None
    all: bool = False

    @model_validator(mode="after")
    def _selects_one(self) -> "AdvanceRequest":
        if [self.recipient is not None, self.run is not None, self.all].count(True) != 1:
            raise ValueError("say whose clock moves: exactly one of recipient, run and all")
        return self

    @property
    def span(self) -> timedelta:
        return read_span(self.by)


class MovedClock(BaseModel):
    """A sleeping workflow that was sent ahead; `id` is that of its run, message or schedule."""

    kind: Literal["run", "delivery", "schedule"]
    id: str
    workflow_id: str
    now: Moment


class AdvanceResponse(BaseModel):
    """Empty when nothing slept."""

    moved: list[MovedClock]
