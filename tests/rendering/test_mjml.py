"""MJML and the HTML in it: E-TEMPLATE-15, E-TEMPLATE-19."""

import time
from contextlib import suppress

import pytest

from rendering.environment import TemplateError
from rendering.mjml import mjml_to_html
from rendering.text import from_html


def document(column: str, head: str = "") -> str:
    inner = f"<mj-section><mj-column>{column}</mj-column></mj-section>"
    return f"<mjml><mj-head>{head}</mj-head><mj-body>{inner}</mj-body></mjml>"


def test_components_become_tables_that_mail_programs_read() -> None:
    html = mjml_to_html(document('<mj-button href="https://x.test/?a=1&b=2">Go</mj-button>'))
    assert html.startswith("<!doctype html>")
    assert '<a href="https://x.test/?a=1&b=2"' in html
    assert "<mj-" not in html


@pytest.mark.parametrize(
    "html",
    [
        "<div>plain<br></div>",
        "<p>unclosed",
        "bare &nbsp; words & more",
        '<img src="x" alt="a > b">',
        "<table><tr><td>x</td></tr></table>",
    ],
)
@pytest.mark.parametrize(
    "column", ["{}", "<mj-text>{}</mj-text>", "<mj-raw>{}</mj-raw>", "<mjml-raw>{}</mjml-raw>"]
)
def test_html_in_a_column_or_an_ending_tag_comes_out_as_it_went_in(column: str, html: str) -> None:
    assert html in mjml_to_html(document(column.format(html)))


def test_html_at_every_level_is_taken_as_raw() -> None:
    source = (
        "<mjml><mj-body><b>body</b><mj-section><b>section</b><mj-column><b>column</b>"
        "<mj-text>text</mj-text></mj-column></mj-section><mj-wrapper><b>wrapper</b></mj-wrapper></mj-body></mjml>"
    )
    html = mjml_to_html(source)
    for level in ("body", "section", "column", "wrapper"):
        assert f"<b>{level}</b>" in html


def test_html_among_components_keeps_its_place() -> None:
    html = mjml_to_html(
        document("<mj-text>one</mj-text><div>two</div><!-- note --><mj-text>three</mj-text>four")
    )
    assert from_html(html).split() == ["one", "two", "three", "four"]


def test_styles_come_to_the_top_of_the_head() -> None:
    styles = ["<style>.a{color:red}</style>", "<style>.b > p{}</style>"]
    for source in (document("x", "<mj-style>.own{}</mj-style>"), "<mjml><mj-body></mj-body></mjml>"):
        html = mjml_to_html(source, styles)
        assert ".a{color:red}" in html.partition("</head>")[0]
        assert ".b > p{}" in html.partition("</head>")[0]
    assert html.find(".a{color:red}") < mjml_to_html(
        document("x", "<mj-style>.own{}</mj-style>"), styles
    ).find(".own{}")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("<html></html>", "no <mjml> around it"),
        (document("<mj-video/>"), "no element 'mj-video'"),
        (document("<mj-include path='/etc/passwd'/>"), "no element 'mj-include'"),
        (document("<mj-text>never"), "never closes <mj-text>"),
        (document("</mj-section>"), "closes </mj-section> where another"),
        ("<mjml><mj-body>", "cannot be read"),
        (document("<mj-image src='x"), "the tag <mj-image> in the MJML has no end"),
        (document("<!-- x"), "never closed"),
        ("<mjml><mj-body><mj-section></mj-body></mjml>", "closes </mj-body> where another"),
    ],
)
def test_what_is_no_mjml_is_refused(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        mjml_to_html(source)


def test_marks_in_the_data_are_not_taken_for_ours() -> None:
    assert "\ue002" not in mjml_to_html(document("<mj-text>\ue0020\ue003 x</mj-text>"))


@pytest.mark.parametrize(
    "piece", ["<a ", "<!-- -", "<mj-text ", "<style>", "<mjml ", "</mj-text ", "x <", '<a b="']
)
def test_no_page_takes_long_to_be_read(piece: str) -> None:
    began = time.thread_time()
    with suppress(TemplateError):
        mjml_to_html(document("<mj-text>x</mj-text>" + piece * (300_000 // len(piece))))
    assert time.thread_time() - began < 3
