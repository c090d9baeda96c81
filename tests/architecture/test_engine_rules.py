"""Every rule of the engine is proved by a test that names it, or says why not."""

from tests.architecture.engine_rules import Proof, Rule, excused_but_proved, proofs, rules, unproved
from tests.architecture.sources import Source, read
from tests.architecture.test_rules import HIGHEST


def test_every_rule_has_a_test_or_a_reason() -> None:
    assert unproved(rules(), proofs(read("tests"))) == []


def test_no_reason_outlives_the_test_that_proves_its_rule() -> None:
    assert excused_but_proved(rules(), proofs(read("tests"))) == []


def test_every_mark_names_a_rule_that_exists() -> None:
    known = {f"E-{family}-{number}" for family, last in HIGHEST.items() for number in range(1, last + 1)}
    assert set(proofs(read("tests"))) <= known


def test_the_list_holds_each_rule_of_its_families_once_in_order() -> None:
    ids = [rule.id for rule in rules()]
    families = list(dict.fromkeys(one.rsplit("-", 1)[0].removeprefix("E-") for one in ids))
    assert ids == [f"E-{family}-{number}" for family in families for number in range(1, HIGHEST[family] + 1)]
    assert set(HIGHEST) - set(families) == {"TEMPLATE", "TRACK", "VERSION"}


def test_marks_are_found_wherever_they_may_stand() -> None:
    module = Source("tests/a.py", 'pytestmark = [pytest.mark.slow, pytest.mark.rule("E-VARS-1")]\n')
    decorated = Source("tests/b.py", '@pytest.mark.rule("E-VARS-1", "E-VARS-2")\nasync def test_x(): ...\n')
    case = 'pytest.param(1, marks=pytest.mark.rule("E-VARS-3"))'
    cases = Source("tests/c.py", f'@pytest.mark.parametrize("y", [{case}])\ndef test_y(y): ...\n')
    assert proofs([module, decorated, cases]) == {
        "E-VARS-1": [Proof("tests/a.py", None), Proof("tests/b.py", "test_x")],
        "E-VARS-2": [Proof("tests/b.py", "test_x")],
        "E-VARS-3": [Proof("tests/c.py", "test_y")],
    }


def test_this_law_sees_what_breaks_it() -> None:
    listed = [
        Rule("E-VARS-1", "proved", ""),
        Rule("E-VARS-2", "excused", "later"),
        Rule("E-VARS-3", "bare", ""),
    ]
    proved = {"E-VARS-1": [Proof("tests/a.py", None)]}
    assert unproved(listed, proved) == ["E-VARS-3"]
    assert excused_but_proved(listed, proved | {"E-VARS-2": [Proof("tests/a.py", None)]}) == ["E-VARS-2"]
