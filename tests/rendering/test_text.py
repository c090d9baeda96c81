"""The text part of a mail says what its HTML says."""

import pytest

from rendering.environment import TemplateError
from rendering.text import from_html


def test_a_page_becomes_lines_of_text() -> None:
    page = (
        "<html><head><title>T</title><style>p { color: red }</style></head><body><h1>Hello</h1>"
        '<p>See <a href="https://example.com/a?b=1&amp;c=2">this</a> &amp; that</p>'
        "<ul><li>one</li><li>two</li></ul><table><tr><td>left</td><td>right</td></tr></table></body></html>"
    )
    assert [line.rstrip() for line in from_html(page).splitlines() if line.strip()] == [
        "Hello",
        "See [this](https://example.com/a?b=1&c=2) & that",
        "  * one",
        "  * two",
        "left  right",
    ]


def test_an_empty_page_is_an_empty_text() -> None:
    assert from_html("") == ""


def test_scripts_and_comments_are_not_text() -> None:
    assert from_html("<p>a</p><script>alert(1)</script><!-- secret -->") == "a"


def test_a_fragment_is_enough() -> None:
    assert from_html("Hi <b>there</b>") == "Hi there"


def test_letters_of_all_scripts_survive() -> None:
    assert from_html("<p>Grüße, 世界 🎉</p>") == "Grüße, 世界 🎉"


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("<table><tr>" + "<td>x" * 300_000, "more than 100000 tags"),
        ("<div>" * 5_000, "nests more than 1000 elements"),
        ("<ul>" * 240 + "<li>x" * 90_000, "the text of the page is longer"),
    ],
)
def test_a_page_that_asks_too_much_is_refused(page: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        from_html(page)
