import pytest

from models.values.channel_groups import RuleOperator, RuleType, rule_mistake


@pytest.mark.parametrize(
    ("rule_type", "variable", "operator", "argument"),
    [
        ("always", None, None, None),
        ("if", "recipient.plan", "equal_to", "pro"),
        ("unless", "data.total", "is_between", "[1, 10]"),
        ("if", "data.total", "exists", None),
        ("if", "data.total", "empty", ""),
        ("if", "recipient.id", "is_in_random_cohort", "12.5"),
        ("if", "recipient.id", "is_in_random_cohort", "100"),
    ],
)
def test_a_whole_rule_is_kept(
    rule_type: str, variable: str | None, operator: str | None, argument: str | None
) -> None:
    known = RuleOperator(operator) if operator else None
    assert rule_mistake(RuleType(rule_type), variable, known, argument) is None


@pytest.mark.parametrize(
    ("rule_type", "variable", "operator", "argument", "field"),
    [
        ("always", "data.a", None, None, "variable"),
        ("always", None, "equal_to", None, "operator"),
        ("always", None, None, "1", "argument"),
        ("if", None, "equal_to", "1", "variable"),
        ("unless", "data.a", None, "1", "operator"),
        ("if", "data.a", "equal_to", None, "argument"),
        ("if", "data.a", "exists", "1", "argument"),
        ("if", "data.a", "is_in_random_cohort", "10", "variable"),
        ("if", "recipient.id", "is_in_random_cohort", "100.1", "argument"),
        ("if", "recipient.id", "is_in_random_cohort", "-1", "argument"),
        ("if", "recipient.id", "is_in_random_cohort", "1.25", "argument"),
        ("if", "recipient.id", "is_in_random_cohort", "half", "argument"),
        ("if", "recipient.id", "is_in_random_cohort", "NaN", "argument"),
    ],
)
def test_a_rule_that_cannot_be_judged_names_the_wrong_field(
    rule_type: str, variable: str | None, operator: str | None, argument: str | None, field: str
) -> None:
    known = RuleOperator(operator) if operator else None
    mistake = rule_mistake(RuleType(rule_type), variable, known, argument)
    assert mistake is not None
    assert mistake[0] == field
