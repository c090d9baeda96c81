"""Style blocks: taken out of partials, and put at the top of a page's head (E-TEMPLATE-15)."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_STYLE: Final = re.compile(r"<style\b[^>]*>.*?</style\s*>", re.DOTALL | re.IGNORECASE)
_HEAD: Final = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_HTML: Final = re.compile(r"<html\b[^>]*>", re.IGNORECASE)


@lru_cache(maxsize=512)
def split_styles(html: str) -> tuple[str, tuple[str, ...]]:
    """The page without its style blocks, and the blocks in their order."""
    if "<style" not in html and "<STYLE" not in html:
        return html, ()
    return _STYLE.sub("", html), tuple(_STYLE.findall(html))


def put_styles(page: str, styles: Iterable[str]) -> str:
    """The page with the style blocks at the top of its head, which it gets where it has none."""
    block = "\n".join(styles)
    if not block:
        return page
    if head := _HEAD.search(page):
        return page[: head.end()] + block + page[head.end() :]
    if html := _HTML.search(page):
        return f"{page[: html.end()]}<head>{block}</head>{page[html.end() :]}"
    return block + page
