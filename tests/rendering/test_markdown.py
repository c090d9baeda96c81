"""Markdown becomes HTML that is safe in somebody's page."""

import time
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from rendering.environment import TemplateError
from rendering.markdown import to_html


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("Hello **there**", "<p>Hello <strong>there</strong></p>\n"),
        ("[a](https://example.com/?a=1&b=2)", '<p><a href="https://example.com/?a=1&amp;b=2">a</a></p>\n'),
        ("[a](/comments/1)", '<p><a href="/comments/1">a</a></p>\n'),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"),
        ("", ""),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert to_html(markdown) == html


class _Elements(HTMLParser):
    """The elements of a page, and the schemes they lead to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.schemes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.schemes.update(urlsplit(value or "").scheme for name, value in attrs if name in ("href", "src"))


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt&#58;alert(1))",
        "[a](vbscript:x)",
        "![a](data:text/html;base64,PHNjcmlwdD4=)",
        "![a](data:image/png;base64,PHNjcmlwdD4=)",
        '[a](https://x "\\" onmouseover=\\"alert(1)")',
        '<a href="javascript:alert(1)">x</a>',
        "<iframe src=https://x></iframe>",
        "[a]: javascript:alert(1)\n\n[a]",
        '<https://x/" onclick=alert(1)>',
    ],
)
def test_nothing_in_markdown_can_run(markdown: str) -> None:
    elements = _Elements(to_html(markdown))
    assert elements.tags <= {"p", "a", "img"}
    assert elements.attributes <= {"href", "src", "alt", "title"}
    assert elements.schemes <= {"", "https"}


@pytest.mark.parametrize("piece", ["[", "![](", "*a ", "`a", "_a*", "**x", "> ", "- "])
def test_markdown_made_to_be_slow_ends_soon(piece: str) -> None:
    started = time.thread_time()
    to_html((piece * 50_000)[:50_000])
    assert time.thread_time() - started < 5


def test_markdown_that_is_too_long_is_refused() -> None:
    with pytest.raises(TemplateError, match="the Markdown is longer than 50000 characters"):
        to_html("a" * 50_001)
