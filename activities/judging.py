"""Judging a step's conditions on the scope of its run."""

from dataclasses import replace
from datetime import datetime

from models.values.conditions import ConditionGroup
from rendering.environment import TemplateError, render
from workflows_engine.conditions import Grounds, Judgement, judge
from workflows_engine.scope import RunScope


def judged(group: ConditionGroup | None, scope: RunScope, now: datetime) -> Judgement:
    """See `workflows_engine.conditions.judge`; Liquid in timestamps is rendered in the run's scope.

    Traces are logged, so that Liquid does not see secret variables.
    """
    seen = replace(scope, secrets={})
    grounds = Grounds(
        seen.for_conditions(), now, render=lambda source: render(source, seen.for_templates(), now=now)
    )
    try:
        return judge(group, grounds)
    except TemplateError as error:
        where = f" in line {error.line}" if error.line else ""
        return Judgement(False, unjudged=f"the Liquid in a condition cannot be rendered{where}")


def why_skipped(*judgements: Judgement) -> str:
    """The reason of a skipped step: a condition that cannot be judged says so (E-CHANNEL-7)."""
    return next((one.unjudged for one in judgements if one.unjudged is not None), "conditions")
