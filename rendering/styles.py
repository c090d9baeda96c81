"""Style blocks: taken out of partials, and put at the top of a page's head (E-TEMPLATE-15)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# Bounded, so that a page full of openings without an end is read in time.
_OPENING: Final = re.compile(r"<style\b[^>]{0,500}>", re.IGNORECASE)
_CLOSING: Final = re.compile(r"</style\s{0,20}>", re.IGNORECASE)
_HEAD: Final = re.compile(r"<head\b[^>]{0,500}>", re.IGNORECASE)
_HTML: Final = re.compile(r"<html\b[^>]{0,500}>", re.IGNORECASE)


@dataclass(frozen=True)
class StyleBlock:
    """Where a block stands in its page, and what stands in it."""

    start: int
    end: int
    css: str


def style_blocks(html: str) -> Iterator[StyleBlock]:
    """The style blocks of a page in their order; one that is never closed is none."""
    at = 0
    while opening := _OPENING.search(html, at):
        closing = _CLOSING.search(html, opening.end())
        if closing is None:
            return
        yield StyleBlock(opening.start(), closing.end(), html[opening.end() : closing.start()])
        at = closing.end()


@lru_cache(maxsize=512)
def split_styles(html: str) -> tuple[str, tuple[str, ...]]:
    """The page without its style blocks, and the blocks as they are written."""
    rest, styles, at = [], [], 0
    for block in style_blocks(html):
        rest.append(html[at : block.start])
        styles.append(html[block.start : block.end])
        at = block.end
    return "".join([*rest, html[at:]]), tuple(styles)


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
