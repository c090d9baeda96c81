"""Judging conditions: pure, called by performers with a scope (E-COND)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.values.conditions import AllOf, Condition, ConditionGroup, Operator
from models.values.loggable import PRIVATE, REDACTED
from models.values.plain_json import read_json

from workflows_engine.operators import ABSENT, OPERATORS, TIMESTAMP_OPERATORS, or_empty
from workflows_engine.statuses import is_about_status, judge_status

PREFIXES = ("data", "recipient", "actor", "vars", "workflow", "run", "tenant", "refs")
EVENT = "event"
"""The prefix that only the conditions of waits know."""

_AUDIENCE_OPERATORS = (Operator.IS_AUDIENCE_MEMBER, Operator.IS_NOT_AUDIENCE_MEMBER)
"""What is asked of the recipient, whatever the variable says; the argument is the audience's key."""

Scope = Mapping[str, Any]


@dataclass(frozen=True)
class Grounds:
    """What a group is judged on: the scope, the time, and who renders Liquid in an argument.

    `memberships` are the keys of the audiences that the recipient is in (E-COND-21). `unjudged` says of a
    condition why it cannot be judged on this scope, if so. Only the conditions of steps and waits know how
    messages stand; for others `refs` is a path like any other (E-COND-22).
    """

    scope: Scope
    now: datetime
    render: Callable[[str], str] | None = None
    memberships: frozenset[str] = frozenset()
    unjudged: Callable[[Condition], str | None] = lambda _: None
    knows_messages: bool = True


@dataclass(frozen=True)
class Judgement:
    """Whether a group held, and what was looked at on the way (E-COND-29).

    `unjudged` says why the outcome could not be told; then the group does not hold.
    """

    holds: bool
    trace: list[dict[str, Any]] = field(default_factory=list)
    unjudged: str | None = None


def judge(group: ConditionGroup | None, grounds: Grounds) -> Judgement:
    """Left to right, stopping where the outcome is settled; an absent or empty group holds (E-COND-3).

    A condition that cannot be judged leaves the outcome open, unless the others settle it.
    """
    if group is None or not (group.all or group.any):
        return Judgement(True)
    court = _Court(grounds)
    verdict = court.all(group.all) if group.all is not None else court.any(group.any or [])
    return Judgement(verdict is True, court.trace, court.doubt if verdict is None else None)


class _Court:
    """One group's judging: the trace so far, and the first reason for an open outcome (None)."""

    def __init__(self, grounds: Grounds) -> None:
        self._grounds = grounds
        self.trace: list[dict[str, Any]] = []
        self.doubt: str | None = None

    def all(self, conditions: list[Condition], *, needed: bool = True) -> bool | None:
        verdict: bool | None = needed
        for condition in conditions:
            said = self._leaf(condition, needed=verdict is not False)
            verdict = False if verdict is False or said is False else None if said is None else verdict
        return verdict

    def any(self, options: list[Condition | AllOf]) -> bool | None:
        verdict: bool | None = False
        for option in options:
            leaves = option.all if isinstance(option, AllOf) else [option]
            said = self.all(leaves, needed=verdict is not True)
            verdict = True if verdict is True or said is True else None if said is None else verdict
        return verdict

    def _leaf(self, condition: Condition, *, needed: bool) -> bool | None:
        line: dict[str, Any] = {"variable": condition.variable, "operator": condition.operator.value}
        self.trace.append(line)
        if not needed:
            line["result"] = "not evaluated"
            return False
        doubt = self._grounds.unjudged(condition)
        if doubt is not None:
            self.doubt = self.doubt or doubt
            line.update(result="not judged", reason=doubt)
            return None
        line |= self._judged(condition)
        return bool(line["result"])

    def _judged(self, condition: Condition) -> dict[str, Any]:
        """The outcome of a leaf with what was compared."""
        grounds = self._grounds
        if grounds.knows_messages and is_about_status(condition):
            verdict = judge_status(condition, grounds.scope.get("refs") or {}, grounds.now)
            told = {} if verdict.reason is None else {"reason": verdict.reason}
            shown = {"variable_value": verdict.value, "argument_value": condition.argument}
            return {"result": verdict.holds, **shown, **told}
        variable = subject(condition.variable, grounds.scope)
        if condition.operator in _AUDIENCE_OPERATORS:
            argument = _key_of(condition.argument, grounds.scope)
            is_member = isinstance(argument, str) and argument in grounds.memberships
            held = is_member is (condition.operator is Operator.IS_AUDIENCE_MEMBER)
        else:
            argument = self._argument(condition)
            held = OPERATORS[condition.operator](variable, argument, grounds.now)
        return {
            "result": held,
            "variable_value": _shown(condition.variable, variable),
            "argument_value": _shown(condition.argument, argument),
        }

    def _argument(self, condition: Condition) -> Any:
        given, grounds = condition.argument, self._grounds
        if condition.operator in TIMESTAMP_OPERATORS:
            if isinstance(given, str) and "{{" in given and grounds.render is not None:
                return grounds.render(given).strip()
            found = operand(given, grounds.scope)
            return [operand(end, grounds.scope) for end in found] if isinstance(found, list) else found
        return operand(given, grounds.scope)


def _shown(written: Any, value: Any) -> Any:
    """What was compared, for a trace; what channel data hold, tokens and addresses, nobody reads there."""
    named = [one for one in (written if isinstance(written, list) else [written]) if isinstance(one, str)]
    is_private = any(PRIVATE in one.split(".")[1:] or ("{{" in one and PRIVATE in one) for one in named)
    return REDACTED if is_private and value is not ABSENT else or_empty(value)


def subject(variable: str, scope: Scope) -> Any:
    """What a condition is about: a path, or a value written as JSON (E-COND-5, E-COND-7)."""
    if variable.partition(".")[0] in PREFIXES:
        return resolve(variable, scope)
    try:
        return read_json(variable)
    except ValueError:
        return resolve(variable, scope)


def operand(argument: Any, scope: Scope) -> Any:
    """A static argument is JSON where it can be (E-COND-6); `<prefix>.<path>` is looked up (E-COND-7)."""
    if not isinstance(argument, str):
        return argument
    if is_path(argument, scope):
        return resolve(argument, scope)
    try:
        return read_json(argument)
    except ValueError:
        return argument


def is_path(text: str, scope: Scope) -> bool:
    """Whether a text names a place in the scope; `event` does while a wait is judged (E-COND-5)."""
    prefix, dot, rest = text.partition(".")
    is_known = prefix in PREFIXES or (prefix == EVENT and prefix in scope)
    return bool(dot and rest) and is_known and not any(mark.isspace() for mark in text)


def _key_of(argument: Any, scope: Scope) -> Any:
    """An audience's key as it is written, also one that looks like JSON; or what a path leads to."""
    return resolve(argument, scope) if isinstance(argument, str) and is_path(argument, scope) else argument


def resolve(path: str, scope: Scope) -> Any:
    """The value under a dotted path, or ABSENT; a path into what is not an object leads nowhere."""
    value: Any = scope
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return ABSENT
        value = value[key]
    return value
