"""Filters over version numbers: compare_versions."""

import re
from itertools import zip_longest
from typing import Final

from liquid.exceptions import FilterArgumentError

from rendering.printing import to_text

_LONGEST_VERSION: Final = 256
_VERSION = re.compile(r"v?(\d+(?:\.\d+){0,3})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")

_Precedence = tuple[list[int], list[str]]


def compare_versions(value: object, other: object) -> int:
    """-1, 0 or 1 as `value` is older than, the same as or newer than `other`, by semantic versioning.

    Missing numbers are zero: `1.2` is `1.2.0`.
    """
    left, right = _precedence(value), _precedence(other)
    if left[0] != right[0]:
        return 1 if left[0] > right[0] else -1
    return _compare_prereleases(left[1], right[1])


def _precedence(value: object) -> _Precedence:
    text = to_text(value).strip()
    found = _VERSION.fullmatch(text) if len(text) <= _LONGEST_VERSION else None
    if found is None:
        raise FilterArgumentError(f"'{text[:_LONGEST_VERSION]}' is not a version number", token=None)
    numbers = [int(number) for number in found[1].split(".")]
    return numbers + [0] * (4 - len(numbers)), found[2].split(".") if found[2] else []


def _compare_prereleases(left: list[str], right: list[str]) -> int:
    if not left or not right:
        return bool(right) - bool(left)
    for ours, theirs in zip_longest(left, right, fillvalue=""):
        if ours != theirs:
            return 1 if _rank(ours) > _rank(theirs) else -1
    return 0


def _rank(identifier: str) -> tuple[int, int, str]:
    # Nothing comes before a number, and a number before a word.
    if not identifier:
        return (0, 0, "")
    return (1, int(identifier), "") if identifier.isdigit() else (2, 0, identifier)
