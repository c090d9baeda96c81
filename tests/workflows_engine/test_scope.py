"""What conditions and templates see of a run."""

from dataclasses import replace
from typing import Any

import pytest

from models.values.conditions import ConditionGroup
from tests.runs import NOON
from workflows_engine.conditions import Grounds, judge
from workflows_engine.scope import RunScope

ADA = {"id": "ada"}
SCOPE = RunScope(
    recipient=ADA,
    actor=None,
    tenant=None,
    data={"page": "p", "recipient": "nobody", "workflow": 7, "run": [], "actors": "none"},
    workflow={"id": "v1", "key": "greet", "name": "Greet", "categories": ["news"]},
    variables={"plan": "free"},
    activities=[],
    total_activities=3,
    actors=[],
    total_actors=2,
    timestamp="2026-11-21T12:00:00+00:00",
    secrets={"token": "s3cr3t"},
)


@pytest.mark.rule("E-RUN-16")
def test_data_stand_at_the_root_of_templates_too_where_the_runs_own_names_win() -> None:
    seen = SCOPE.for_templates()
    assert seen["page"] == seen["data"]["page"] == "p"
    assert (seen["recipient"], seen["actors"]) == (ADA, [])
    assert (seen["workflow"]["key"], seen["run"]["total_activities"]) == ("greet", 3)
    assert seen["data"]["recipient"] == "nobody"
    assert "page" not in SCOPE.for_conditions()


@pytest.mark.rule("E-RUN-17")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("run.total_activities", 3),
        ("run.total_actors", 2),
        ("total_activities", 3),
        ("total_actors", 2),
        ("workflow.id", "v1"),
        ("workflow.key", "greet"),
        ("workflow.name", "Greet"),
        ("workflow.categories", ["news"]),
    ],
)
def test_conditions_and_templates_take_each_others_spellings(variable: str, value: Any) -> None:
    condition = {"variable": variable, "operator": "equal_to", "argument": value}
    group = ConditionGroup.model_validate({"all": [condition]})
    assert judge(group, Grounds(SCOPE.for_conditions(), NOON)).holds

    seen: Any = SCOPE.for_templates()
    for name in variable.split("."):
        seen = seen[name]
    assert seen == value


@pytest.mark.rule("E-VARS-3")
def test_secrets_are_for_templates_and_not_for_conditions() -> None:
    assert SCOPE.for_templates()["vars"] == {"plan": "free", "token": "s3cr3t"}
    assert SCOPE.for_conditions()["vars"] == {"plan": "free"}


@pytest.mark.rule("E-WAITEVENT-6")
def test_only_a_wait_has_an_event() -> None:
    assert "event" not in {**SCOPE.for_conditions(), **SCOPE.for_templates()}
    waiting = replace(SCOPE, event={"data": 1})
    assert waiting.for_conditions()["event"] == waiting.for_templates()["event"] == {"data": 1}
