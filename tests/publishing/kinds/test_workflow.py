import pytest

from publishing.kinds.workflow import check
from publishing.mistakes import NotPublishable
from tests.builders import in_app_step, workflow


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
