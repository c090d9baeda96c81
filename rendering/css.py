"""Style sheets into style attributes: many mail programs read nothing else."""

from typing import Final

from css_inline import CSSInliner, InlineError

from rendering.errors import TemplateError
from rendering.pages import check_page

# Every selector is tried on every element, about twenty million times a second.
_COMPARISONS_ALLOWED: Final = 20_000_000

_INLINER: Final = CSSInliner(
    # What cannot stand in an attribute (@media, :hover) stays in its style block.
    keep_style_tags=True,
    keep_at_rules=True,
    remove_inlined_selectors=True,
    load_remote_stylesheets=False,
)


def inline(html: str) -> str:
    """The page with its style blocks written into its elements; nothing is loaded from anywhere.

    Raises `TemplateError` for a page or a style sheet that cannot be read, or is too large.
    """
    check_page(html)
    if _count_selectors(html) * html.count("<") > _COMPARISONS_ALLOWED:
        raise TemplateError("the page has too many style rules for so many elements")
    try:
        return _INLINER.inline(html)
    except (InlineError, ValueError) as err:
        raise TemplateError(f"the styles cannot be inlined: {err}") from err


def _count_selectors(html: str) -> int:
    """Never less than the selectors in the page's style blocks."""
    page = html.lower()
    selectors = end = 0
    while (start := page.find("<style", end)) >= 0:
        end = page.find("</style", start)
        end = len(page) if end < 0 else end
        selectors += page.count("{", start, end) + page.count(",", start, end)
    return selectors
