"""What was looked at, in words: traces of conditions and of preferences, as the run log holds them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

WORDS = {
    "equal_to": "is",
    "not_equal_to": "is not",
    "greater_than": "is greater than",
    "less_than": "is less than",
    "greater_than_or_equal_to": "is at least",
    "less_than_or_equal_to": "is at most",
    "contains": "contains",
    "not_contains": "does not contain",
    "contains_all": "contains all of",
    "not_contains_all": "does not contain all of",
    "is_audience_member": "is in the audience",
    "is_not_audience_member": "is not in the audience",
}
"""Other operators read well enough as they are written."""
ALONE = (
    "empty",
    "not_empty",
    "exists",
    "not_exists",
    "is_timestamp",
    "is_timestamp_before_now",
    "is_timestamp_on_or_after_now",
    "is_not_timestamp",
)
"""Operators that compare with nothing."""
LONGEST_VALUE = 60


def about_conditions(trace: Any) -> Iterator[str]:
    """A line for each condition that was judged, wherever in a trace it stands."""
    if isinstance(trace, list):
        for one in trace:
            yield from about_conditions(one)
    elif isinstance(trace, Mapping):
        if "operator" in trace and "variable" in trace:
            yield from _leaf(trace)
        else:
            for below in trace.values():
                yield from about_conditions(below)


def _leaf(line: Mapping[str, Any]) -> Iterator[str]:
    result = line.get("result")
    if result == "not evaluated":
        return
    operator = str(line["operator"])
    compared = "" if operator in ALONE else f" {_shown(line.get('argument_value'))}"
    held = "yes" if result is True else "no" if result is False else f"not judged: {line.get('reason')}"
    value = f" (it is {_shown(line['variable_value'])})" if "variable_value" in line else ""
    yield f"{line['variable']} {WORDS.get(operator, operator.replace('_', ' '))}{compared}? {held}{value}"


def about_preferences(trace: Mapping[str, Any]) -> Iterator[str]:
    """Which places of the preference set were against it; one line that says so when none was."""
    if trace.get("overridden"):
        yield "the workflow overrides preferences"
    nodes: Mapping[str, Any] = trace.get("nodes") or {}
    against = [where for where, node in nodes.items() if not node.get("allowed", True)]
    for where in against:
        decided = [one for one in nodes[where].get("decided_by", []) if not one.get("allowed", True)]
        places = [one.get("location") or where for one in decided] or [where]
        for place, line in zip(places, decided or [{}], strict=True):
            yield f"opted out at {place or 'the top of the set'}"
            yield from about_conditions(line.get("conditions"))
    commercial = trace.get("commercial_subscribed")
    if isinstance(commercial, Mapping) and not commercial.get("allowed", True):
        yield "opted out of commercial messages"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
