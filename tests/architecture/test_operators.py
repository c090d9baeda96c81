"""What may be written in a condition can be judged."""

from models.values.conditions import Operator
from workflows_engine.conditions import OPERATORS


def test_every_operator_can_be_judged() -> None:
    assert set(OPERATORS) == set(Operator)
