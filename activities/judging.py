"""Judging a step's conditions on the scope of its run."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from models.values.conditions import Condition, ConditionGroup
from models.values.plain_json import read_json
from rendering.environment import TemplateError, render
from rendering.references import variables_of
from workflows_engine.conditions import Grounds, Judgement, judge
from workflows_engine.scope import RunScope


def judged(
    group: ConditionGroup | None, scope: RunScope, now: datetime, *, knows_messages: bool = True
) -> Judgement:
    """See `workflows_engine.conditions.judge`; Liquid in timestamps is rendered in the run's scope.

    Those of channels and preferences do not know how messages stand (E-COND-22). Traces are logged, so that
    Liquid does not see secret variables, and a condition that names one cannot be judged: without
    its value, "" would be compared, and a guard would hold that does not.
    """
    seen = replace(scope, secrets={}, refs=scope.refs if knows_messages else {})
    grounds = Grounds(
        seen.for_conditions(),
        now,
        render=lambda source: render(source, seen.for_templates(), now=now),
        memberships=scope.memberships,
        unjudged=lambda condition: _about_secrets(condition, scope.secret_keys),
        knows_messages=knows_messages,
    )
    try:
        return judge(group, grounds)
    except TemplateError as error:
        where = f" in line {error.line}" if error.line else ""
        return Judgement(False, unjudged=f"the Liquid in a condition cannot be rendered{where}")


def why_skipped(*judgements: Judgement) -> str:
    """The reason of a skipped step: a condition that cannot be judged says so (E-CHANNEL-7)."""
    return next((one.unjudged for one in judgements if one.unjudged is not None), "conditions")


def _about_secrets(condition: Condition, secrets: frozenset[str]) -> str | None:
    if not secrets:
        return None
    named = secrets.intersection([*_named(condition.variable), *_named(condition.argument)])
    return f"conditions cannot see the secret variable {min(named)}" if named else None


def _named(value: Any) -> Iterator[str]:
    """The keys of variables that a side of a condition names: as a path, in a list of them, or in Liquid."""
    if isinstance(value, list):
        for inner in value:
            yield from _named(inner)
    elif not isinstance(value, str):
        return
    elif "{{" in value or "{%" in value:
        yield from (names[1] for names in variables_of(value) if len(names) > 1 and names[0] == "vars")
    elif value.startswith("vars."):
        yield value.split(".")[1]
    elif value.lstrip().startswith("["):
        yield from _named(_read(value))


def _read(text: str) -> Any:
    try:
        return read_json(text)
    except ValueError:
        return None
