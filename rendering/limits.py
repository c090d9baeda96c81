"""What one template may cost: its source, the values it makes and the text it prints."""

import re
from typing import Any, Final

from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidSyntaxError, LiquidValueError, ResourceLimitError
from liquid.token import TOKEN_ILLEGAL, Token

RENDER_SECONDS: Final = 1.0
SOURCE_CHARACTERS: Final = 256_000
TEXT_CHARACTERS: Final = 1_000_000
"""The longest string that a filter may answer."""
OUTPUT_BYTES: Final = 2_000_000
VALUE_WEIGHT: Final = 16_000_000
"""About the bytes of memory that one value, or all of a template's own names together, may take."""
RANGE_ITEMS: Final = 10_000
LOOP_ITERATIONS: Final = 100_000
"""Iterations of loops inside one another, multiplied."""
NUMBER_BITS: Final = 2_048

_ITEM_WEIGHT: Final = 50

# Each unclosed opening makes the library's lexer look through the whole rest of the source, and white space
# behind an opening makes it go back once per character: 16 kB of `{{` took 22 s (python-liquid 2.3.6).
_UNCLOSED_ALLOWED: Final = 3
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_BRACKETS_ALLOWED: Final = 300
_PADDING = re.compile(r"\{[{%]-?\s*(?:#|\w*)\s{100,}")
_PAIRS: Final = (
    (re.compile(r"\{\{"), re.compile(r"\}\}"), "'{{' is never closed"),
    (re.compile(r"\{%"), re.compile(r"%\}"), "'{%' is never closed"),
    (re.compile(r"\{%-?\s*raw\s*-?%\}"), re.compile(r"\{%-?\s*endraw\s*-?%\}"), "'raw' is never closed"),
    (re.compile(r"\{%-?\s*doc\s*-?%\}"), re.compile(r"\{%-?\s*enddoc\s*-?%\}"), "'doc' is never closed"),
)


def check_source(source: str) -> None:
    """Raise `LiquidSyntaxError` for a source that is too long, or too slow to read. Linear in its length."""
    if len(source) > SOURCE_CHARACTERS:
        raise LiquidSyntaxError(f"the template is longer than {SOURCE_CHARACTERS} characters", token=None)
    if padding := _PADDING.search(source):
        raise _refusal("too much white space inside a tag", source, padding.start())
    for opening, closing, message in _PAIRS:
        last_closed = max((found.end() for found in closing.finditer(source)), default=0)
        unclosed = [found.start() for found in opening.finditer(source, last_closed)]
        if len(unclosed) > _UNCLOSED_ALLOWED:
            raise _refusal(message, source, unclosed[0])
    for tag in _TAG.finditer(source):
        # For each bracket the lexer looks through the rest of the tag.
        if tag[0].count("(") + tag[0].count("[") > _BRACKETS_ALLOWED:
            raise _refusal("too many brackets in a tag", source, tag.start())


def weigh(value: object) -> int:
    """About the bytes that `value` takes with all it holds; stops counting beyond `VALUE_WEIGHT`.

    An item that is held twice counts twice, since printing it costs twice.
    """
    weight = 0
    pending = [value]
    while pending and weight <= VALUE_WEIGHT:
        item = pending.pop()
        weight += _ITEM_WEIGHT
        if isinstance(item, str):
            weight += len(item)
        elif isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item)
            pending.extend(item.values())
    return weight


def check_value(value: object) -> None:
    """Raise `ResourceLimitError` for a text, number, list or object that is too large to go on with."""
    if isinstance(value, str):
        check_text_length(len(value))
    elif isinstance(value, int):
        if value.bit_length() > NUMBER_BITS:
            raise ResourceLimitError("the number is too large", token=None)
    elif isinstance(value, list | tuple | dict) and weigh(value) > VALUE_WEIGHT:
        raise ResourceLimitError("the list or object is too large", token=None)


def check_text_length(characters: int) -> None:
    """Raise `ResourceLimitError` when a text of so many characters would be too long."""
    if characters > TEXT_CHARACTERS:
        raise ResourceLimitError(f"the text is longer than {TEXT_CHARACTERS} characters", token=None)


def _refusal(message: str, source: str, index: int) -> LiquidSyntaxError:
    return LiquidSyntaxError(message, token=Token(TOKEN_ILLEGAL, source[index : index + 2], index, source))


_make_range = RangeLiteral._make_range


def _make_bounded_range(literal: RangeLiteral, start: Any, stop: Any) -> range:
    made = _make_range(literal, start, stop)
    # Not len(made): it overflows beyond 64 bits.
    if made.stop - made.start > RANGE_ITEMS:
        raise LiquidValueError(f"the range has more than {RANGE_ITEMS} items", token=literal.token)
    return made


# The library has no limit here and no hook: `(1..100000000) | join` ran for two minutes, and filters, loops
# and `contains` all reach a range by this one private method. Hence python-liquid is pinned below 3.
RangeLiteral._make_range = _make_bounded_range  # type: ignore[method-assign, assignment]
