"""Conditions as data: what may be written, not how it is judged (E-COND-2, E-COND-3)."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Discriminator, Tag, model_validator

RELATIVE: Final = re.compile(r"(\d{1,6})[_ ](minute|hour|day|week)s?[_ ](ago|from[_ ]now)")
"""How a moment relative to now is written: `30_days_ago`, `2 hours from now` (E-COND-18)."""
SHORTEST_RELATIVE: Final = timedelta(minutes=15)


class Operator(StrEnum):
    """Every operator of Knock's two APIs."""

    EQUAL_TO = "equal_to"
    NOT_EQUAL_TO = "not_equal_to"
    GREATER_THAN = "greater_than"
    GREATER_THAN_OR_EQUAL_TO = "greater_than_or_equal_to"
    LESS_THAN = "less_than"
    LESS_THAN_OR_EQUAL_TO = "less_than_or_equal_to"
    IS_BETWEEN = "is_between"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    CONTAINS_ALL = "contains_all"
    NOT_CONTAINS_ALL = "not_contains_all"
    EMPTY = "empty"
    NOT_EMPTY = "not_empty"
    EXISTS = "exists"
    NOT_EXISTS = "not_exists"
    IS_TIMESTAMP = "is_timestamp"
    IS_NOT_TIMESTAMP = "is_not_timestamp"
    IS_TIMESTAMP_BEFORE = "is_timestamp_before"
    IS_TIMESTAMP_ON_OR_AFTER = "is_timestamp_on_or_after"
    IS_TIMESTAMP_BETWEEN = "is_timestamp_between"
    IS_TIMESTAMP_BEFORE_NOW = "is_timestamp_before_now"
    IS_TIMESTAMP_ON_OR_AFTER_NOW = "is_timestamp_on_or_after_now"
    IS_TIMESTAMP_BEFORE_DATE = "is_timestamp_before_date"
    IS_TIMESTAMP_ON_OR_AFTER_DATE = "is_timestamp_on_or_after_date"
    IS_AUDIENCE_MEMBER = "is_audience_member"
    IS_NOT_AUDIENCE_MEMBER = "is_not_audience_member"


class Condition(BaseModel):
    """`{variable, operator, argument}`; the argument is a string that holds JSON, a path, or plain text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variable: str
    operator: Operator
    argument: Any = None

    @model_validator(mode="after")
    def _is_not_too_near(self) -> "Condition":
        """Knock's shortest relative time is a quarter of an hour."""
        found = RELATIVE.fullmatch(self.argument.strip()) if isinstance(self.argument, str) else None
        length = None if found is None else timedelta(**{f"{found[2]}s": int(found[1])})
        if length is not None and length < SHORTEST_RELATIVE and "timestamp" in self.operator:
            raise ValueError("a relative time is 15 minutes or more from now")
        return self


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

    def leaves(self) -> list[tuple[str, Condition]]:
        """Every condition with its JSON path inside the group."""
        found = [(f"all[{index}]", leaf) for index, leaf in enumerate(self.all or [])]
        for index, option in enumerate(self.any or []):
            if isinstance(option, AllOf):
                found += [(f"any[{index}].all[{inner}]", leaf) for inner, leaf in enumerate(option.all)]
            else:
                found.append((f"any[{index}]", option))
        return found
