"""The plain-text part of a mail that has only HTML."""

from typing import Final

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig

from rendering.errors import TemplateError
from rendering.limits import OUTPUT_BYTES
from rendering.pages import check_page

_CONFIG: Final = ParserConfig(css=CSS_PROFILES["strict"], display_links=True)


def from_html(html: str) -> str:
    """What a reader sees of the page, as lines of text; a link is written `[words](address)`.

    Raises `TemplateError` for a page that is too large or nested too deeply to be read.
    """
    check_page(html)
    try:
        text: str = get_text(html, _CONFIG)
    except RecursionError as err:
        raise TemplateError("the page is nested too deeply to be turned into text") from err
    if len(text) > OUTPUT_BYTES:
        # Each item of a list is indented by how deep the list stands.
        raise TemplateError(f"the text of the page is longer than {OUTPUT_BYTES} characters")
    return text.strip()
