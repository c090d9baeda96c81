"""Lets `data.limit` and its like be read: the Liquid library takes such names for words of its own."""

import re
from typing import Final

_WORDS: Final = (
    "and", "as", "blank", "cols", "contains", "continue", "else", "empty", "false", "for", "if", "in",
    "limit", "nil", "not", "null", "offset", "or", "required", "reversed", "true", "with",
)  # fmt: skip
# A text to translate is a key, word for word; it is read by itself later.
_RAW: Final = r"\{%-?\s*(?P<block>raw|t)\s*-?%\}.*?\{%-?\s*end(?P=block)\s*-?%\}"
_TAG = re.compile(rf"{_RAW}|\{{\{{.*?\}}\}}|\{{%.*?%\}}", re.DOTALL)
_SEGMENT = re.compile(rf"\"[^\"]*\"|'[^']*'|\.\.|\.(?P<word>{'|'.join(_WORDS)})(?![\w?-])")
_RAW_TAG = re.compile(_RAW, re.DOTALL)


def quote_reserved_words(source: str) -> str:
    """`source` with each `.limit` in a tag written `["limit"]`, which means the same and can be parsed.

    Text, strings and raw blocks stay as they are, and so does every line's number.
    """
    return _TAG.sub(_quote_in_tag, source)


def _quote_in_tag(tag: re.Match[str]) -> str:
    return tag[0] if _RAW_TAG.fullmatch(tag[0]) else _SEGMENT.sub(_quote, tag[0])


def _quote(segment: re.Match[str]) -> str:
    return f'["{segment["word"]}"]' if segment["word"] else segment[0]
