"""Markdown to HTML that is safe to put into a page."""

from typing import Final

import nh3
from markdown_it import MarkdownIt

from rendering.errors import TemplateError

# Raw HTML in the Markdown comes out as text; what Markdown itself makes is sanitised once more, because the
# feed puts it into other people's pages.
_PARSER: Final = MarkdownIt("commonmark", {"html": False})
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "code": {"class"},
}
_TAGS: Final = {
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p",
    "pre", "strong", "ul",
}  # fmt: skip
_SCHEMES: Final = {"http", "https", "mailto", "tel"}


MARKDOWN_CHARACTERS: Final = 50_000
"""The longest Markdown; the slowest of that length takes about a second."""


def to_html(markdown: str) -> str:
    """CommonMark as HTML without scripts, raw HTML or links to anything but web, mail and telephone.

    Raises `TemplateError` for a text over 50,000 characters.
    """
    if len(markdown) > MARKDOWN_CHARACTERS:
        raise TemplateError(f"the Markdown is longer than {MARKDOWN_CHARACTERS} characters")
    html: str = _PARSER.render(markdown)
    return nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=None)
