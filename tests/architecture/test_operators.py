"""What may be written in a condition can be judged."""

from models.values.conditions import Operator
from tests.builders import in_app_step, workflow
from workflows_engine.definition import WorkflowDefinition
from workflows_engine.operators import OPERATORS
from workflows_engine.support import unsupported


def test_every_operator_can_be_judged_or_is_told_as_unsupported() -> None:
    untold = set()
    for operator in set(Operator) - set(OPERATORS):
        condition = {"variable": "recipient", "operator": operator, "argument": "vip"}
        step = in_app_step(conditions={"all": [condition]})
        if not unsupported(WorkflowDefinition.model_validate(workflow(step))):
            untold.add(operator)
    assert untold == set()
