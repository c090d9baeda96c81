"""What a value lacks, told to whoever sent it: paths as they stand in the value, words without pydantic's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Part = str | int

_SHAPE = {"missing", "extra_forbidden"}
"""Mistakes that speak against a union's branch: it does not know what was sent."""

_WORDS = {
    "missing": "is required",
    "extra_forbidden": "is unknown; remove it",
    "none_required": "must be null",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "union_tag_invalid": 'must say as its {discriminator} one of {expected_tags}, not "{tag}"',
    "union_tag_not_found": "must say its {discriminator}",
    "timezone_aware": "must have its offset from UTC",
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("string_type", "string_sub_type", "string_unicode"), "must be a text"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "must be a number"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "must be an object"),
    **dict.fromkeys(("list_type", "set_type", "tuple_type"), "must be a list"),
    **dict.fromkeys(("uuid_type", "uuid_parsing", "uuid_version"), "must be a UUID"),
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "datetime_object_invalid"),
        "must be a moment as ISO 8601 writes it",
    ),
}


@dataclass(frozen=True)
class Unfitting:
    """One mistake: where it is in the value, what follows on the field's name in a sentence, its kind."""

    location: tuple[Part, ...]
    message: str
    type: str


@dataclass(frozen=True)
class _Step:
    part: Part
    is_label: bool


@dataclass(frozen=True)
class _Found:
    steps: tuple[_Step, ...]
    message: str
    type: str


def unfitting(errors: Iterable[Any], value: Any) -> list[Unfitting]:
    """Pydantic's errors about a value. Of a union, those of the branch that fits best."""
    found = [_Found(_steps(one, value), _message(one), one["type"]) for one in errors]
    told = [
        Unfitting(tuple(step.part for step in one.steps if not step.is_label), one.message, one.type)
        for one in _chosen(found, 0)
    ]
    return list(dict.fromkeys(told))


def _steps(error: Any, value: Any) -> tuple[_Step, ...]:
    """The location's parts; what is no key of the value at that place is a label of pydantic's."""
    location, steps, at = error["loc"], [], value
    for index, part in enumerate(location):
        is_missing = error["type"] == "missing" and index == len(location) - 1
        is_label = isinstance(part, str) and not is_missing and not (isinstance(at, dict) and part in at)
        steps.append(_Step(part, is_label))
        if not is_label:
            at = _inside(at, part)
    return tuple(steps)


def _inside(value: Any, part: Part) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def _chosen(found: Sequence[_Found], depth: int) -> list[_Found]:
    """Without the mistakes of branches that were not meant."""
    kept = [one for one in found if len(one.steps) == depth]
    groups: dict[_Step, list[_Found]] = {}
    for one in found:
        if len(one.steps) > depth:
            groups.setdefault(one.steps[depth], []).append(one)
    branches = [_chosen(group, depth + 1) for step, group in groups.items() if step.is_label]
    for step, group in groups.items():
        if not step.is_label:
            kept += _chosen(group, depth + 1)
    return kept + _best(branches, depth)


def _best(branches: list[list[_Found]], depth: int) -> list[_Found]:
    """The branch whose kind the value is, and which knows the most of it; else what all of them ask for."""
    if not branches:
        return []
    reached = [branch for branch in branches if any(_lies_within(one, depth) for one in branch)]
    if reached:
        return min(reached, key=lambda branch: (sum(one.type in _SHAPE for one in branch), len(branch)))
    first = branches[0][0]
    messages = dict.fromkeys(one.message for branch in branches for one in branch)
    alternatives = [text.removeprefix("must be ") if index else text for index, text in enumerate(messages)]
    return [_Found(first.steps, " or ".join(alternatives), first.type)]


def _lies_within(found: _Found, depth: int) -> bool:
    """Whether the mistake is inside the value and not the value itself, or a rule of ours about it."""
    return any(not step.is_label for step in found.steps[depth:]) or found.type == "value_error"


def _message(error: Any) -> str:
    context = error.get("ctx") or {}
    words = _WORDS.get(error["type"])
    if words is not None:
        return words.format_map(context)
    if error["type"] == "value_error" and "error" in context:
        return str(context["error"])
    text = str(error["msg"])
    return text.replace("Input should be", "must be").replace("Input should", "must")
