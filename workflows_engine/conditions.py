"""Judging conditions: pure, called by performers with a scope (E-COND)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from models.values.conditions import AllOf, Condition, ConditionGroup, Operator

PREFIXES = ("data", "recipient", "actor", "vars", "workflow", "run", "tenant", "refs")
ABSENT = object()
"""Marks a path that leads nowhere; reads as "" except where absence itself is asked for (E-COND-8)."""

Scope = Mapping[str, Any]


@dataclass(frozen=True)
class Judgement:
    """Whether a group held, and what was looked at on the way (E-COND-29)."""

    holds: bool
    trace: list[dict[str, Any]]


def judge(group: ConditionGroup | None, scope: Scope) -> Judgement:
    """Left to right, stopping where the outcome is settled; an absent or empty group holds (E-COND-3)."""
    trace: list[dict[str, Any]] = []
    if group is None or not (group.all or group.any):
        return Judgement(True, trace)
    if group.all is not None:
        return Judgement(_all_hold(group.all, scope, trace), trace)
    return Judgement(_any_holds(group.any or [], scope, trace), trace)


def _all_hold(conditions: list[Condition], scope: Scope, trace: list[dict[str, Any]]) -> bool:
    verdict = True
    for condition in conditions:
        verdict = _leaf(condition, scope, trace, needed=verdict) and verdict
    return verdict


def _any_holds(options: list[Condition | AllOf], scope: Scope, trace: list[dict[str, Any]]) -> bool:
    verdict = False
    for option in options:
        leaves = option.all if isinstance(option, AllOf) else [option]
        held = not verdict
        for leaf in leaves:
            held = _leaf(leaf, scope, trace, needed=held) and held
        verdict = verdict or held
    return verdict


def _leaf(condition: Condition, scope: Scope, trace: list[dict[str, Any]], *, needed: bool) -> bool:
    line: dict[str, Any] = {"variable": condition.variable, "operator": condition.operator.value}
    trace.append(line)
    if not needed:
        line["result"] = "not evaluated"
        return False
    variable, argument = resolve(condition.variable, scope), operand(condition.argument, scope)
    held = OPERATORS[condition.operator](_or_empty(variable), _or_empty(argument))
    line.update(result=held, variable_value=_or_empty(variable), argument_value=_or_empty(argument))
    return held


def operand(argument: Any, scope: Scope) -> Any:
    """A static argument is JSON where it can be (E-COND-6); `<prefix>.<path>` is looked up (E-COND-7)."""
    if not isinstance(argument, str):
        return argument
    if is_path(argument):
        return resolve(argument, scope)
    try:
        return json.loads(argument)
    except json.JSONDecodeError:
        return argument


def is_path(text: str) -> bool:
    prefix, dot, rest = text.partition(".")
    return bool(dot and rest) and prefix in PREFIXES and not any(mark.isspace() for mark in text)


def resolve(path: str, scope: Scope) -> Any:
    """The value under a dotted path, or ABSENT; a path into what is not an object leads nowhere."""
    value: Any = scope
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return ABSENT
        value = value[key]
    return value


def _or_empty(value: Any) -> Any:
    return "" if value is ABSENT else value


def equal(left: Any, right: Any) -> bool:
    """Deep JSON equality: true is not 1, but 1 is 1.0 (E-COND-9, E-COND-10)."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


OPERATORS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL_TO: equal,
    Operator.NOT_EQUAL_TO: lambda left, right: not equal(left, right),
}
"""One row an operator; a test says that none is missing."""
