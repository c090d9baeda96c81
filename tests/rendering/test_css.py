"""Styles are inlined, and nothing is loaded for it."""

import time

import pytest

from rendering.css import inline
from rendering.environment import TemplateError


def test_a_rule_goes_into_its_elements() -> None:
    page = inline("<style>p { color: red }</style><p>Hi</p>")
    assert '<p style="color: red;">Hi</p>' in page


def test_rules_that_no_attribute_can_hold_stay() -> None:
    page = inline(
        "<style>@media (max-width: 600px) { p { color: blue } } a:hover { color: green } p { color: red }"
        "</style>"
        "<p>Hi <a>there</a></p>"
    )
    assert "@media (max-width: 600px)" in page
    assert "a:hover" in page
    assert 'style="color: red;"' in page


@pytest.mark.parametrize("address", ["file:///etc/passwd", "http://192.0.2.1/x.css", "style.css"])
def test_no_style_sheet_is_loaded(address: str) -> None:
    started = time.thread_time()
    page = inline(f'<html><head><link rel="stylesheet" href="{address}"></head><body><p>Hi</p></body></html>')
    assert "<p>Hi</p>" in page
    assert "root:" not in page
    assert time.thread_time() - started < 1


def test_a_comment_for_outlook_stays() -> None:
    assert "<!--[if mso]><table><![endif]-->" in inline(
        "<body><!--[if mso]><table><![endif]--><p>Hi</p></body>"
    )


def test_a_page_that_would_overflow_the_stack_is_refused() -> None:
    with pytest.raises(TemplateError, match="nests more than 1000 elements"):
        inline("<div>" * 100_000)


def test_a_page_that_would_take_minutes_is_refused() -> None:
    rules = "".join(f"p b {{ order: {n} }}" for n in range(20_000))
    lists = ",".join(f"p b.c{n}" for n in range(20_000)) + "{ order: 1 }"
    for sheet in (rules, lists):
        started = time.thread_time()
        with pytest.raises(TemplateError, match="too many style rules"):
            inline(f"<style>{sheet}</style>" + "<p><b>x</b></p>" * 10_000)
        assert time.thread_time() - started < 1


def test_a_long_page_is_not_a_deep_one() -> None:
    assert inline("<div><p>a<br>b<ul><li>c</ul></div>" * 2_000).count("<p>") == 2_000
