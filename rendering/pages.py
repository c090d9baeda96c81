"""How large a page of HTML may be, for those who read all of it: the CSS inliner, the writer of its text."""

import re
from typing import Final

from rendering.errors import TemplateError

_TAGS_ALLOWED: Final = 100_000
"""Opening and closing ones; the slowest page of that size takes about four seconds to be turned into text."""
_DEPTH_ALLOWED: Final = 1_000
"""Elements inside one another; beyond some ten thousand css-inline 0.23.1 overflows the process's stack."""

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_NEVER_DEEPER: Final = frozenset(
    {
        # These hold nothing …
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"),
        # … and these close the one before them.
        *("dd", "dt", "li", "option", "p", "td", "th", "tr"),
    }
)


def check_page(html: str) -> None:
    """Raise `TemplateError` for a page with too many elements, or too many inside one another."""
    tags = depth = 0
    for tag in _TAG.finditer(html):
        tags += 1
        if tag[2].lower() not in _NEVER_DEEPER:
            depth = max(depth + (-1 if tag[1] else 1), 0)
        if depth > _DEPTH_ALLOWED:
            raise TemplateError(f"the page nests more than {_DEPTH_ALLOWED} elements in one another")
    if tags > _TAGS_ALLOWED:
        raise TemplateError(f"the page has more than {_TAGS_ALLOWED} tags")
