"""The corpus holds whatever a workflow can be told: a new effect, verdict or outcome needs a history.

When one of these fails, add a scene to `tests/replay/scenes` and record it (docs/adding-a-step.md).
"""

from enum import StrEnum
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from temporalio.workflow import _Definition

from models.values.kinds import Outcome
from tests.replay.reading import FILES, Told, payloads, read, signals, started, told
from worker.assembly import WORKFLOWS
from workflows_engine.effects import EFFECTS
from workflows_engine.effects.delivery import Delivered
from workflows_engine.effects.effect import Effect
from workflows_engine.effects.steps import StepAnswer, Verdict
from workflows_engine.steps import PLANNED_TYPES

AnyEffect = Effect[Any, Any]

TOO_LONG = {"renew_run"}
"""A window has to be looked at 500 times for it: a history of three megabytes."""

COUNTED = {"reconcile", "carry_cancel", "expand_recipients"}
"""Their answers are numbers that a workflow shows and decides nothing by."""

NEVER_TOLD = {
    # The wait was only just written: no event can have been judged.
    "register_wait": {"more"},
    # Only from the 201st join of a window on; tests/rules and the trial of large batches do that.
    "join_batch": {"is_settled"},
}
"""Fields that no history can tell of in both ways, each with its reason."""


@pytest.fixture(scope="module")
def answers() -> list[Told]:
    return [one for file in FILES for one in told(read(file))]


def test_every_workflow_has_a_history() -> None:
    recorded = {started(read(file))["workflowType"]["name"] for file in FILES}
    assert recorded == {_Definition.must_from_class(one).name for one in WORKFLOWS}


def test_every_signal_was_heard_by_every_workflow_that_listens_to_it() -> None:
    heard = {
        (started(history)["workflowType"]["name"], signal)
        for history in map(read, FILES)
        for signal in signals(history)
    }
    definitions = map(_Definition.must_from_class, WORKFLOWS)
    assert heard >= {(one.name, signal) for one in definitions for signal in one.signals}


@pytest.mark.parametrize("planned_type", PLANNED_TYPES)
def test_every_type_of_planned_step_has_a_history(planned_type: str) -> None:
    seen = [text for file in FILES for text in payloads(read(file))]
    assert any(f'"type":"{planned_type}"' in text for text in seen)


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.name)
def test_an_effect_has_answered_whatever_it_can(effect: AnyEffect, answers: list[Told]) -> None:
    own = [one.answer for one in answers if one.effect == effect.name]
    assert (not own) == (effect.name in TOO_LONG), f"no history has {effect.name}"
    fields = {} if effect.name in COUNTED | TOO_LONG else own_fields(effect.answer)
    untold = {name for name, field in fields.items() if not is_told(name, field, own)}
    assert untold == NEVER_TOLD.get(effect.name, set())


def own_fields(answer: type[BaseModel]) -> dict[str, FieldInfo]:
    """What of an answer its step decides by; verdicts and the like are dealt with alike for all of them."""
    shared = StepAnswer.model_fields if issubclass(answer, StepAnswer) else {}
    return {name: field for name, field in answer.model_fields.items() if name not in shared}


def is_told(name: str, field: FieldInfo, answers: list[dict[str, Any]]) -> bool:
    """Whether the field had its default in one history and another value in one."""
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    values = [answer.get(name, default) for answer in answers]
    differs = any(value != default for value in values)
    return differs and (field.is_required() or default in values)


@pytest.mark.parametrize("kind", [Verdict, Delivered, Outcome])
def test_every_verdict_and_outcome_was_answered(kind: type[StrEnum], answers: list[Told]) -> None:
    values = {value for one in answers for value in one.answer.values() if isinstance(value, str)}
    ended = {json_text.strip('"') for file in FILES for json_text in payloads(read(file)["events"][-1])}
    assert {one.value for one in kind} - values - ended == set()
