"""MJML to HTML: plain HTML may stand in it, and comes out as it went in (E-TEMPLATE-19)."""

import re
from collections.abc import Iterable
from typing import Final

from mjml import mjml2html

from rendering.errors import TemplateError
from rendering.limits import OUTPUT_BYTES
from rendering.pages import check_page
from rendering.styles import style_blocks

_CONTAINERS: Final = frozenset({"mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"})
"""HTML that stands in these is wrapped as raw."""
_OPAQUE: Final = frozenset(
    {
        "mj-accordion-text",
        "mj-accordion-title",
        "mj-button",
        "mj-navbar-link",
        "mj-preview",
        "mj-raw",
        "mj-social-element",
        "mj-table",
        "mj-text",
        "mj-title",
    }
)
"""What stands in these is HTML or words, which MJML passes through."""
_OTHERS: Final = frozenset(
    {
        *("mjml", "mj-head", "mj-attributes", "mj-all", "mj-class", "mj-breakpoint", "mj-font", "mj-style"),
        *("mj-html-attributes", "mj-selector", "mj-html-attribute", "mj-divider", "mj-image", "mj-spacer"),
        *("mj-accordion", "mj-accordion-element", "mj-carousel", "mj-carousel-image", "mj-navbar"),
        "mj-social",
    }
)
_OF_ROWS: Final = frozenset({"mj-column", "mj-hero"})
"""These become tables, out of which browsers push what stands in no row."""
_KNOWN: Final = _CONTAINERS | _OPAQUE | _OTHERS

_NEXT: Final = re.compile(r"<!--|<(/?)(mj[\w-]*)", re.IGNORECASE)
_TAG: Final = re.compile(r"<(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>")
_RAW: Final = re.compile(r"(</?)mjml-raw\b", re.IGNORECASE)
_ROOT: Final = re.compile(r"<mjml\b[^>]{0,500}>", re.IGNORECASE)
_HEAD: Final = re.compile(r"<mj-head\b[^>]{0,500}>", re.IGNORECASE)
_ROW: Final = re.compile(r"\s*(?:<!--.*?-->\s*)*<tr\b", re.DOTALL | re.IGNORECASE)
_KEPT: Final = re.compile(r"\ue002(\d+)\ue003")


def mjml_to_html(mjml: str, styles: Iterable[str] = ()) -> str:
    """A document of MJML as a page; the style blocks come to the top of its head.

    HTML directly in a body, section or column is taken as raw. Raises `TemplateError` for what is no MJML,
    and for elements that MJML does not have.
    """
    check_page(mjml)
    if not _ROOT.search(mjml):
        raise TemplateError("the MJML has no <mjml> around it")
    source = _put_styles(_RAW.sub(r"\1mj-raw", mjml.strip().translate(_NO_MARKS)), styles)
    reading = _Reading(source)
    reading.read()
    try:
        html = mjml2html("".join(reading.written))
    except ValueError as err:
        raise TemplateError(f"the MJML cannot be read: {err}") from err
    html = _KEPT.sub(lambda kept: reading.kept[int(kept[1])], html)
    if len(html) > OUTPUT_BYTES:
        raise TemplateError(f"the page is longer than {OUTPUT_BYTES} characters")
    return html


_NO_MARKS: Final = {0xE002: None, 0xE003: None}


def _put_styles(mjml: str, styles: Iterable[str]) -> str:
    found = [block.css for style in styles for block in style_blocks(style)]
    block = "".join(f"<mj-style>{css}</mj-style>" for css in found)
    if not block:
        return mjml
    if head := _HEAD.search(mjml):
        return mjml[: head.end()] + block + mjml[head.end() :]
    return _ROOT.sub(lambda root: f"{root[0]}<mj-head>{block}</mj-head>", mjml, count=1)


class _Reading:
    """One pass over the source, which puts marks where MJML's strict parser shall not look.

    It stops at comments and at MJML's own tags; whatever stands between them is HTML or words.
    """

    def __init__(self, source: str) -> None:
        self.written: list[str] = []
        self.kept: list[str] = []
        self._source = source
        self._open: list[str] = []
        self._raw_from: int | None = None
        """Where HTML begins that stands directly in a container."""

    def read(self) -> None:
        at = 0
        while start := _NEXT.search(self._source, at):
            self._text(at, start.start())
            at = self._comment(start) if start[0] == "<!--" else self._element(start)
        self._text(at, len(self._source))
        self._end_raw(len(self._source))

    def _text(self, start: int, end: int) -> None:
        if self._raw_from is not None or start == end:
            return
        text = self._source[start:end]
        if text.strip() and self._open and self._open[-1] in _CONTAINERS:
            self._raw_from = start
        else:
            self.written.append(text)

    def _comment(self, start: re.Match[str]) -> int:
        end = self._source.find("-->", start.end())
        if end < 0:
            raise TemplateError("a comment in the MJML is never closed")
        if self._raw_from is None:
            self.written.append(self._source[start.start() : end + 3])
        return end + 3

    def _element(self, start: re.Match[str]) -> int:
        """Write one tag; answers where to go on."""
        name = start[2].lower()
        if name not in _KNOWN:
            raise TemplateError(f"MJML has no element '{start[2][:50]}'")
        tag = _TAG.match(self._source, start.start())
        if tag is None:
            raise TemplateError(f"the tag <{start[1]}{name}> in the MJML has no end")
        self._end_raw(tag.start())
        self.written.append(tag[0])
        if start[1]:
            self._close(name)
        elif not tag[0].endswith("/>"):
            if name in _OPAQUE:
                return self._keep_inside(name, tag.end())
            self._open.append(name)
        return tag.end()

    def _keep_inside(self, name: str, start: int) -> int:
        closing = re.compile(rf"</{name}\s{{0,20}}>", re.IGNORECASE).search(self._source, start)
        if closing is None:
            raise TemplateError(f"the MJML never closes <{name}>")
        inside = self._source[start : closing.start()]
        self.written += [self._keep(self._in_row(inside) if name == "mj-raw" else inside), closing[0]]
        return closing.end()

    def _close(self, name: str) -> None:
        if not self._open or self._open.pop() != name:
            raise TemplateError(f"the MJML closes </{name}> where another element is open")

    def _end_raw(self, end: int) -> None:
        if self._raw_from is not None:
            raw = self._source[self._raw_from : end]
            self.written.append(f"<mj-raw>{self._keep(self._in_row(raw))}</mj-raw>")
            self._raw_from = None

    def _in_row(self, html: str) -> str:
        within = self._open[-1] if self._open else ""
        if within not in _OF_ROWS or not html.strip() or _ROW.match(html):
            return html
        return f"<tr><td>{html}</td></tr>"

    def _keep(self, text: str) -> str:
        if not text.strip():
            return text
        self.kept.append(text)
        return f"\ue002{len(self.kept) - 1}\ue003"
