"""Rules of channel groups as data: what may be written (E-CHANNEL-9)."""

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final


class RuleType(StrEnum):
    """Whether a rule's condition must hold, must not hold, or is not asked."""

    IF = "if"
    UNLESS = "unless"
    ALWAYS = "always"


class GroupOperator(StrEnum):
    """`any`: each channel whose own rule passes; `all`: all channels, if every rule passes."""

    ANY = "any"
    ALL = "all"


class RuleOperator(StrEnum):
    """The operators that Knock's contract has for the rules of a group."""

    EQUAL_TO = "equal_to"
    NOT_EQUAL_TO = "not_equal_to"
    GREATER_THAN = "greater_than"
    LESS_THAN = "less_than"
    GREATER_THAN_OR_EQUAL_TO = "greater_than_or_equal_to"
    LESS_THAN_OR_EQUAL_TO = "less_than_or_equal_to"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    CONTAINS_ALL = "contains_all"
    NOT_CONTAINS_ALL = "not_contains_all"
    IS_TIMESTAMP_BEFORE = "is_timestamp_before"
    IS_TIMESTAMP_ON_OR_AFTER = "is_timestamp_on_or_after"
    IS_TIMESTAMP_BETWEEN = "is_timestamp_between"
    IS_BETWEEN = "is_between"
    EMPTY = "empty"
    NOT_EMPTY = "not_empty"
    EXISTS = "exists"
    NOT_EXISTS = "not_exists"
    IS_TIMESTAMP = "is_timestamp"
    IS_TIMESTAMP_BEFORE_NOW = "is_timestamp_before_now"
    IS_TIMESTAMP_ON_OR_AFTER_NOW = "is_timestamp_on_or_after_now"
    IS_AUDIENCE_MEMBER = "is_audience_member"
    IS_NOT_AUDIENCE_MEMBER = "is_not_audience_member"
    IS_IN_RANDOM_COHORT = "is_in_random_cohort"


WITHOUT_ARGUMENT: Final = frozenset(
    {
        RuleOperator.EMPTY,
        RuleOperator.NOT_EMPTY,
        RuleOperator.EXISTS,
        RuleOperator.NOT_EXISTS,
        RuleOperator.IS_TIMESTAMP,
        RuleOperator.IS_TIMESTAMP_BEFORE_NOW,
        RuleOperator.IS_TIMESTAMP_ON_OR_AFTER_NOW,
    }
)
COHORT_VARIABLE: Final = "recipient.id"
_LARGEST_PERCENTAGE: Final = 100


def rule_mistake(
    rule_type: RuleType, variable: str | None, operator: RuleOperator | None, argument: str | None
) -> tuple[str, str] | None:
    """The field of a rule that is wrong, and why; None for a rule that may be kept."""
    if rule_type is RuleType.ALWAYS:
        given = {"variable": variable, "operator": operator, "argument": argument}
        name = next((name for name, value in given.items() if value is not None), None)
        return (name, "is not for rules of type always") if name else None
    if not variable:
        return "variable", f"is required for rules of type {rule_type}"
    if operator is None:
        return "operator", f"is required for rules of type {rule_type}"
    if operator in WITHOUT_ARGUMENT:
        return ("argument", f"is not for {operator}") if argument else None
    if argument is None:
        return "argument", f"is required for {operator}"
    return _cohort_mistake(variable, argument) if operator is RuleOperator.IS_IN_RANDOM_COHORT else None


def _cohort_mistake(variable: str, argument: str) -> tuple[str, str] | None:
    if variable != COHORT_VARIABLE:
        return "variable", f"must be {COHORT_VARIABLE} for is_in_random_cohort"
    if not _is_percentage(argument):
        return "argument", "must be a percentage from 0 to 100 with at most one decimal place"
    return None


def _is_percentage(text: str) -> bool:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    if not number.is_finite() or not 0 <= number <= _LARGEST_PERCENTAGE:
        return False
    return number == round(number, 1)
