"""Mails made of a layout and a body, which are one template (E-TEMPLATE-17, E-TEMPLATE-18)."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any, Final

from rendering.content import NO_CONTENT, Content, Form
from rendering.css import inline
from rendering.environment import Page, parse
from rendering.limits import RENDER_SECONDS
from rendering.mjml import mjml_to_html
from rendering.printing import PrintedList
from rendering.styles import put_styles
from rendering.text import from_html

_SLOT: Final = re.compile(r"\{\{-?\s*content\s*-?\}\}")
_BODY_STARTS: Final = "<!--body-starts-->"
_BODY_ENDS: Final = "<!--body-ends-->"


@dataclass(frozen=True)
class Layout:
    """What stands around the bodies of mails; its links' words and addresses are Liquid."""

    html: str
    text: str
    is_mjml: bool = False
    footer_links: tuple[tuple[str, str], ...] = ()
    """Words and address of each."""
    branding_overrides: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Body:
    """What one mail says; Liquid, but for nothing."""

    html: str
    text: str | None = None
    """Made from the HTML when there is none."""
    pre_content: str = ""
    preview_text: str = ""
    is_mjml: bool = False
    styles: tuple[str, ...] = ()
    """Style blocks for the top of the page's head."""


@dataclass(frozen=True)
class Mail:
    """A rendered mail: HTML with its styles inlined, and text."""

    html: str
    text: str


def holds_content(source: str) -> bool:
    """Whether a layout has the plain `{{ content }}` that a body can take the place of."""
    return _SLOT.search(source) is not None


_Writer = Callable[[str, str], str]


class Composition:
    """A body in its layout, or alone, about to be rendered for one recipient."""

    def __init__(
        self,
        body: Body,
        layout: Layout | None,
        scope: Mapping[str, Any],
        *,
        now: datetime,
        content: Content = NO_CONTENT,
    ) -> None:
        self._body = body
        self._layout = layout
        self._scope = dict(scope)
        self._now = now
        self._content = content
        self._seconds = RENDER_SECONDS

    def render(self) -> Mail:
        """Raises `TemplateError`."""
        page = self._page()
        text = self._text(_between_marks(page))
        return Mail(_unmarked(page), text)

    def _page(self) -> str:
        """The inlined page, with marks around its body."""
        body, layout = self._body, self._layout
        marked = f"{_BODY_STARTS}{body.html}{_BODY_ENDS}"
        is_mjml = body.is_mjml if layout is None else layout.is_mjml
        if layout is None:
            # Nothing may come before a document's first tag, and its partials keep their style blocks.
            source = body.pre_content + body.html
            page = Page(self._render(source, self._scope, Form.HTML), body.styles)
        else:
            source, given = self._filled(layout.html, marked, Form.HTML)
            scope = self._scope | given | {"footer_links": self._links(_html_link, " | ")} | self._preview()
            with self._timed() as seconds:
                found = parse(source).render_page(
                    scope, now=self._now, seconds=seconds, content=self._content
                )
            page = Page(found.text, (*body.styles, *found.styles))
        html = mjml_to_html(page.text, page.styles) if is_mjml else put_styles(page.text, page.styles)
        return inline(html)

    def _text(self, body_page: str) -> str:
        body, layout = self._body, self._layout
        source = body.text
        if layout is None or not layout.text.strip():
            if source is None:
                return from_html(body_page)
            return self._render(body.pre_content + source, self._scope, Form.TEXT)
        scope = self._scope | {"footer_links": self._links(_text_link, "\n")} | self._preview()
        if source is None:
            return self._render(
                body.pre_content + layout.text, scope | {"content": from_html(body_page)}, Form.TEXT
            )
        filled, given = self._filled(layout.text, source, Form.TEXT)
        return self._render(filled, scope | given, Form.TEXT)

    def _filled(self, layout: str, body: str, form: Form) -> tuple[str, dict[str, str]]:
        """The layout with the body in its place, and what its scope lacks still.

        A layout that prints its content otherwise, through a filter perhaps, is given what the body prints.
        """
        pre_content = self._body.pre_content
        if holds_content(layout):
            return pre_content + _SLOT.sub(lambda _: body, layout), {}
        return pre_content + layout, {"content": self._render(pre_content + body, self._scope, form)}

    def _preview(self) -> dict[str, str]:
        return {"preview_text": self._render_text(self._body.preview_text)}

    def _links(self, write: _Writer, between: str) -> PrintedList:
        links = [] if self._layout is None else self._layout.footer_links
        rendered = [
            {
                "text": self._render(text, self._scope, Form.TEXT),
                "url": self._render(url, self._scope, Form.TEXT),
            }
            for text, url in links
        ]
        return PrintedList(rendered, between.join(write(link["text"], link["url"]) for link in rendered))

    def _render_text(self, source: str) -> str:
        return self._render(source, self._scope, Form.TEXT)

    def _render(self, source: str, scope: Mapping[str, Any], form: Form) -> str:
        with self._timed() as seconds:
            return parse(source).render(
                scope, now=self._now, seconds=seconds, content=self._content, form=form
            )

    @contextmanager
    def _timed(self) -> Iterator[float]:
        """What is left of the time that all templates of one mail have together."""
        began = time.monotonic()
        try:
            yield self._seconds
        finally:
            self._seconds -= time.monotonic() - began


def _html_link(text: str, url: str) -> str:
    return f'<a href="{escape(url)}">{escape(text)}</a>'


def _text_link(text: str, url: str) -> str:
    return f"{text}: {url}"


def _between_marks(page: str) -> str:
    """The body's part of the page; all of it where no body is marked."""
    start, end = page.find(_BODY_STARTS), page.rfind(_BODY_ENDS)
    return page[start + len(_BODY_STARTS) : end] if 0 <= start < end else page


def _unmarked(page: str) -> str:
    return page.replace(_BODY_STARTS, "").replace(_BODY_ENDS, "")
