"""Style sheets into style attributes: many mail programs read nothing else."""

import re
from typing import Final

from css_inline import CSSInliner, InlineError

from rendering.environment import TemplateError

_INLINER: Final = CSSInliner(
    # What cannot stand in an attribute (@media, :hover) stays in its style block.
    keep_style_tags=True,
    keep_at_rules=True,
    remove_inlined_selectors=True,
    load_remote_stylesheets=False,
)

# Elements inside one another; beyond some ten thousand the library overflows the stack and the process dies
# (css-inline 0.23.1).
_DEPTH_ALLOWED: Final = 1_000
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_NEVER_DEEPER: Final = frozenset(
    {
        # These hold nothing …
        *(
            "area",
            "base",
            "br",
            "col",
            "embed",
            "hr",
            "img",
            "input",
            "link",
            "meta",
            "source",
            "track",
            "wbr",
        ),
        # … and these close the one before them.
        *("dd", "dt", "li", "option", "p", "td", "th", "tr"),
    }
)


def inline(html: str) -> str:
    """The page with its style blocks written into its elements; nothing is loaded from anywhere.

    Raises `TemplateError` for a page or a style sheet that cannot be read.
    """
    if _depth(html) > _DEPTH_ALLOWED:
        raise TemplateError(f"the page nests more than {_DEPTH_ALLOWED} elements in one another")
    try:
        return _INLINER.inline(html)
    except (InlineError, ValueError) as err:
        raise TemplateError(f"the styles cannot be inlined: {err}") from err


def _depth(html: str) -> int:
    depth = deepest = 0
    for tag in _TAG.finditer(html):
        if tag[2].lower() in _NEVER_DEEPER:
            continue
        depth = max(depth + (-1 if tag[1] else 1), 0)
        deepest = max(deepest, depth)
    return deepest
