"""Filters over words: pluralize, titlecase."""

import re

from rendering.printing import to_text

_WORD = re.compile(r"\S+")


def pluralize(value: object, one: object, many: object) -> str:
    """`one` for the number 1, else `many`, for 0 too."""
    return to_text(one if to_text(value).strip() in ("1", "1.0") else many)


def titlecase(value: object) -> str:
    """The text with a capital at the start of each word, and small letters behind it."""
    return _WORD.sub(lambda word: word[0].capitalize(), to_text(value))
