"""What a recipient prefers, decided for one channel of one run (E-PREF)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from pydantic import TypeAdapter, ValidationError

from activities.judging import judged
from activities.standing import Standing
from models.values.conditions import Condition, ConditionGroup
from workflows_engine.conditions import Judgement
from workflows_engine.preferences import Layers, Subject, weigh
from workflows_engine.scope import RunScope

_CONDITIONS = TypeAdapter(list[Condition])


@dataclass(frozen=True)
class Decision:
    """Whether the message may go out, and what was looked at (E-COND-30)."""

    allowed: bool
    trace: dict[str, Any] = field(default_factory=dict)


def decide(standing: Standing, channel: DictRow, scope: RunScope, now: datetime) -> Decision:
    """The verdict for this workflow on this channel (its row: id, type)."""
    definition = standing.version.definition
    subject = Subject(
        workflow_key=standing.version.key,
        channel_id=str(channel["id"]),
        channel_type=channel["type"],
        categories=definition.categories,
        is_commercial=definition.settings.is_commercial,
        overrides=definition.settings.override_preferences,
    )
    seen = _as_preferences_see_it(standing, scope)
    verdict = weigh(layers_of(standing), subject, lambda conditions: _judged(conditions, seen, now))
    return Decision(verdict.allowed, verdict.trace)


def layers_of(standing: Standing) -> Layers:
    """The sets that may apply to the run's recipient."""
    return Layers.read(standing.facts["preference_layers"])


def _judged(conditions: Sequence[Any], scope: RunScope, now: datetime) -> Judgement:
    try:
        group = ConditionGroup(all=_CONDITIONS.validate_python(list(conditions)))
    except ValidationError:
        return Judgement(False, unjudged="the preference's conditions cannot be read")
    return judged(group, scope, now)


def _as_preferences_see_it(standing: Standing, scope: RunScope) -> RunScope:
    """Without what became of messages (E-PREF-15); of a batch, the first activity's data only (E-COND-31)."""
    if standing.facts["window_id"] is None:
        return replace(scope, refs={})
    is_first_here = len(scope.activities) == scope.total_activities or _shows_oldest_first(standing)
    # The run that carries a batch is the one that opened it.
    first = scope.activities[0]["data"] if scope.activities and is_first_here else standing.given_data
    return replace(scope, refs={}, data=first)


def _shows_oldest_first(standing: Standing) -> bool:
    step = standing.version.definition.step(standing.facts["window_step_ref"])
    return bool(step.settings.order != "desc")
