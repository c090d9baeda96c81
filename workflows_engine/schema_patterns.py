"""Patterns in JSON schemas that cannot keep anybody waiting, whatever the text."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import regex
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

LONGEST_SECONDS = 0.5
"""How long a text may be held against a pattern: some take twice as long for each further letter."""


class UnusablePattern(Exception):
    """One that is none, or that goes on and on with a text; says which."""


@cache
def in_time(kind: type[Validator]) -> Any:
    """A validator of the same draft, of whose patterns each has `LONGEST_SECONDS` for a text.

    They are those of the library `regex`. Python's own hold the interpreter's lock for one whole search, so
    that threads do not help. What it validates with raises UnusablePattern.
    """
    mine = {"pattern": _pattern, "patternProperties": _properties, "additionalProperties": _additional}
    return extend(kind, validators=mine)  # type: ignore[no-untyped-call]


def _pattern(validator: Any, wanted: str, instance: Any, _: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not _matches(wanted, instance):
        yield ValidationError(f"{instance!r} does not match {wanted!r}")


def _properties(validator: Any, wanted: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, inner in wanted.items():
        for key in instance:
            if _matches(pattern, key):
                yield from validator.descend(instance[key], inner, path=key, schema_path=pattern)


def _additional(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    rest, plain = instance, schema
    if validator.is_type(instance, "object") and (patterns := schema.get("patternProperties")):
        rest = {key: instance[key] for key in instance if not any(_matches(one, key) for one in patterns)}
        plain = {key: value for key, value in schema.items() if key != "patternProperties"}
    yield from Draft202012Validator.VALIDATORS["additionalProperties"](validator, wanted, rest, plain)


def _matches(pattern: str, text: str) -> bool:
    try:
        return bool(regex.search(pattern, text, timeout=LONGEST_SECONDS, concurrent=True))
    except regex.error as error:
        raise UnusablePattern(f"the pattern {pattern[:100]!r} is none: {error}") from error
    except TimeoutError as error:
        told = f"{text[:20]!r} cannot be held against {pattern[:100]!r} within {LONGEST_SECONDS:g} s"
        raise UnusablePattern(f"{told}: write a pattern that does not try so many ways") from error
