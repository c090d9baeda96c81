from typing import Any

import pytest

from publishing.kinds.workflow import check
from publishing.mistakes import NotPublishable
from tests.builders import batch_step, delay_step, in_app_step, workflow


@pytest.mark.rule("E-PREF-8")
def test_a_workflow_is_not_both_commercial_and_above_preferences() -> None:
    both = {"is_commercial": True, "override_preferences": True}
    with pytest.raises(NotPublishable) as caught:
        check("greet", workflow(in_app_step(), settings=both))
    assert [one.path for one in caught.value.mistakes] == ["settings.override_preferences"]


@pytest.mark.rule("E-PREF-21")
@pytest.mark.parametrize("settings", [{}, {"is_commercial": True}, {"override_preferences": True}])
def test_a_workflow_may_be_either(settings: dict[str, bool]) -> None:
    assert check("greet", workflow(in_app_step(), settings=settings)).compiled["plan"]


OF_NOBODY = {"all": [{"variable": "refs.gone.matched", "operator": "equal_to", "argument": "true"}]}
OF_ITSELF = {"all": [{"variable": "refs.delay_1.x", "operator": "exists"}]}


@pytest.mark.rule("E-DELAY-6", "E-BATCH-15")
@pytest.mark.parametrize(
    ("step", "path"),
    [
        (delay_step(value=366), "steps[0].settings.delay_for"),
        (delay_step(unit="months", value=13), "steps[0].settings.delay_for"),
        (delay_step(value=-1), "steps[0].settings.delay_for"),
        (batch_step(seconds=366 * 86_400), "steps[0].settings.batch_window"),
        (in_app_step(conditions=OF_NOBODY), "steps[0].conditions.all[0].variable"),
    ],
)
def test_what_can_never_come_true_is_refused_with_its_path(step: dict[str, Any], path: str) -> None:
    with pytest.raises(NotPublishable) as caught:
        check("greet", workflow(step))
    assert [one.path for one in caught.value.mistakes] == [path]


@pytest.mark.parametrize(
    "step",
    [
        delay_step(value=365),
        delay_step(unit="months", value=12, conditions=OF_ITSELF),
        {
            "type": "delay",
            "ref": "delay_1",
            "settings": {
                "delay_for": {"unit": "days", "value": -1},
                "delay_until_field_path": "data.due",
            },
        },
    ],
)
def test_what_may_come_true_is_taken(step: dict[str, Any]) -> None:
    assert check("greet", workflow(step)).compiled["plan"]
