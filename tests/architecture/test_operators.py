"""Every operator that a condition may have is judged."""

from datetime import UTC, datetime

import pytest

from models.values.conditions import ConditionGroup, Operator
from workflows_engine.conditions import Grounds, judge

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("operator", list(Operator))
def test_every_operator_comes_to_a_verdict(operator: Operator) -> None:
    group = ConditionGroup.model_validate({"all": [{"variable": "recipient", "operator": operator}]})
    said = judge(group, Grounds({"recipient": {"id": "ada"}}, NOW))
    assert said.unjudged is None
    assert [line["result"] for line in said.trace] in ([True], [False])
