"""Conditions as data: what may be written, not how it is judged (E-COND-2, E-COND-3)."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Tag, model_validator


class Operator(StrEnum):
    """The operators that can be judged today; the rest of Knock's list is refused by name."""

    EQUAL_TO = "equal_to"
    NOT_EQUAL_TO = "not_equal_to"


class Condition(BaseModel):
    """`{variable, operator, argument}`; the argument is a string that holds JSON, a path, or plain text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variable: str
    operator: Operator
    argument: Any = None


class AllOf(BaseModel):
    """Leaf conditions that must all hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    all: list[Condition]


def _kind(value: Any) -> str:
    return (
        "AllOf" if isinstance(value, AllOf) or (isinstance(value, dict) and "all" in value) else "Condition"
    )


AnyOption = Annotated[
    Annotated[Condition, Tag("Condition")] | Annotated[AllOf, Tag("AllOf")], Discriminator(_kind)
]
"""Told apart before it is read, so that a mistake is told of one of them only."""


class ConditionGroup(BaseModel):
    """`{"all": [...]}` or `{"any": [...]}`; both or neither is refused, empty holds (E-COND-3)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    all: list[Condition] | None = None
    any: list[AnyOption] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "ConditionGroup":
        if self.all is not None and self.any is not None:
            raise ValueError('a condition group has either "all" or "any", not both')
        return self
