"""Mails in their layouts: E-TEMPLATE-15 to E-TEMPLATE-20."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from rendering.blocks import BASE_STYLES, blocks_to_html
from rendering.content import Content, Partial
from rendering.environment import TemplateError
from rendering.layouts import Body, Composition, Layout, Mail

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
SCOPE: dict[str, Any] = {
    "name": "Ada",
    "vars": {"app": "App", "branding": {"primary_color": "#123456"}},
}
HTML = "<html><head><title>T</title></head><body>{{ content }}<i>{{ footer_links }}</i></body></html>"
MJML = (
    "<mjml><mj-body><mj-section><mj-column>{{ content }}</mj-column></mj-section>"
    "<mj-section><mj-column><mjml-raw>{{ footer_links }}</mjml-raw></mj-column></mj-section></mj-body></mjml>"
)


def mail(body: Body, layout: Layout | None = None, content: Content | None = None) -> Mail:
    return Composition(body, layout, SCOPE, now=NOW, content=content or Content()).render()


def test_the_body_stands_where_the_layout_says() -> None:
    links = (("Home of {{ vars.app }}", "https://x.test/?a=1&b={{ name }}"), ("Two", "/two"))
    rendered = mail(
        Body("<p>Hi {{ name }}</p>"), Layout(HTML, "= {{ content }} =\n{{footer_links}}", footer_links=links)
    )
    assert rendered.html == (
        "<html><head><title>T</title></head><body><p>Hi Ada</p>"
        '<i><a href="https://x.test/?a=1&amp;b=Ada">Home of App</a> | <a href="/two">Two</a></i>'
        "</body></html>"
    )
    assert rendered.text == "= Hi Ada =\nHome of App: https://x.test/?a=1&b=Ada\nTwo: /two"


def test_footer_links_are_a_list_too() -> None:
    layout = Layout(
        "{{ content }}{% for link in footer_links %}<b>{{ link.text }}={{ link.url }}</b>{% endfor %}", "",
        footer_links=(("One", "/1"), ("Two", "/2")),
    )  # fmt: skip
    assert "<b>One=/1</b><b>Two=/2</b>" in mail(Body("x"), layout).html


@pytest.mark.parametrize(
    ("layout", "body", "printed"),
    [
        ("[{{ a }}]{{ content }}[{{ a }}]", "{% assign a = 1 %}", "[][1]"),
        ("[{{ a }}]{{-content-}}[{{ a }}]", "{% capture a %}{{ name }}{% endcapture %}", "[][Ada]"),
        ("{% if true %}{{ content }}{% endif %}", "{{ name }}", "Ada"),
        ("{% assign a = 2 %}{{ content }}", "{{ a }}", "2"),
    ],
)
def test_layout_and_body_are_one_program(layout: str, body: str, printed: str) -> None:
    rendered = mail(Body(body, text=body), Layout(f"<p>{layout}</p>", layout))
    assert f"<p>{printed}</p>" in rendered.html
    assert rendered.text == printed


def test_pre_content_is_known_above_the_body_in_html_and_text() -> None:
    layout = Layout("<b>{{ kicker }}</b>{{ content }}", "{{ kicker }}: {{ content }}")
    pre_content = "{% assign kicker = name | upcase %}"
    rendered = mail(Body("<p>x</p>", pre_content=pre_content), layout)
    assert "<b>ADA</b><p>x</p>" in rendered.html
    assert rendered.text == "ADA: x"
    assert "ADA" in mail(Body("<p>{{ kicker }}</p>", text="{{ kicker }}", pre_content=pre_content)).text


def test_preview_text_is_a_variable_of_the_layout() -> None:
    layout = Layout("<u>{{ preview_text }}</u>{{ content }}", "")
    assert "<u>For Ada</u>" in mail(Body("x", preview_text="For {{ name }}"), layout).html
    assert "<u></u>" in mail(Body("x"), layout).html
    given = Body("x", pre_content="{% assign preview_text = 'Given' %}")
    assert "<u>Given</u>" in mail(given, layout).html


def test_without_a_layout_the_body_is_the_whole_document() -> None:
    rendered = mail(
        Body("<!doctype html><html><head><style>p{color:red}</style></head><body><p>Hi</p></body></html>")
    )
    assert rendered.html.startswith("<!DOCTYPE html><html>")
    assert '<p style="color: red;">Hi</p>' in rendered.html
    assert rendered.text == "Hi"


def test_a_text_of_its_own_goes_before_the_one_made_of_the_html() -> None:
    assert mail(Body("<p>x</p>", text="Dear {{ name }}"), Layout(HTML, "{{ content }}!")).text == "Dear Ada!"
    assert mail(Body("<p>x</p>", text="Dear {{ name }}")).text == "Dear Ada"
    assert mail(Body("<p>x</p>"), Layout(HTML, "  ")).text == "x"


def test_what_a_recipient_is_called_is_no_template() -> None:
    scope = {**SCOPE, "name": "{{ vars.app }}{% nonesuch %}"}
    rendered = Composition(Body("<p>{{ name }}</p>"), Layout(HTML, "{{ content }}"), scope, now=NOW).render()
    assert rendered.text == "{{ vars.app }}{% nonesuch %}"


def test_styles_of_partials_come_before_the_layouts_own() -> None:
    partial = Partial(
        "p", "html", "<style>.p{color:red} .q{color:red}</style><b class=p>p</b><b class=q>q</b>"
    )
    layout = Layout("<html><head><style>.q{color:blue}</style></head><body>{{ content }}</body></html>", "")
    html = mail(Body("{% render 'p' %}{% render 'p' %}"), layout, Content({"p": partial})).html
    assert html.count('<b class="p" style="color: red;">p</b>') == 2
    assert html.count('<b class="q" style="color: blue;">q</b>') == 2


def test_blocks_bring_their_styles_and_layouts_win_with_important() -> None:
    body = Body(blocks_to_html([{"type": "divider"}]), styles=(BASE_STYLES,))
    own = ".block-divider{border-bottom: 3px solid red !important}"
    plain = mail(body, Layout(HTML, "")).html
    styled = mail(body, Layout(HTML.replace("<title>", f"<style>{own}</style><title>"), "")).html
    assert "border-bottom: 1px solid #dddee1" in plain
    assert "border-bottom: 3px solid red !important" in styled


@pytest.mark.parametrize(
    "body",
    [
        "<mj-text>Hi {{ name }}<br>there</mj-text>",
        "<div>Hi {{ name }}<br>there</div>",
        "{% render 'p', name: name %}",
    ],
)
def test_an_mjml_layout_takes_mjml_html_and_partials(body: str) -> None:
    partial = Partial("p", "html", "<style>.p{color:red}</style><div class=p>Hi {{ name }}<br>there</div>")
    layout = Layout(MJML, "{{ content }} --", is_mjml=True, footer_links=(("Home", "/home"),))
    rendered = mail(Body(body, is_mjml=True), layout, Content({"p": partial}))
    assert "mj-column-per-100" in rendered.html
    assert '<a href="/home">Home</a>' in rendered.html
    assert rendered.text == "Hi Ada\nthere --"


def test_blocks_stand_in_an_mjml_layout() -> None:
    blocks = [{"type": "markdown", "content": "# Hi {{ name }}"}, {"type": "divider"}]
    body = Body(blocks_to_html(blocks, in_mjml=True), styles=(BASE_STYLES,))
    rendered = mail(body, Layout(MJML, "{{ content }}", is_mjml=True))
    assert ">Hi Ada</h1>" in rendered.html
    assert "border-bottom: 1px solid #dddee1" in rendered.html
    assert rendered.text == "Hi Ada"


def test_mjml_stands_alone_too() -> None:
    rendered = mail(Body("<mjml><mj-body><mj-text>Hi {{ name }}</mj-text></mj-body></mjml>", is_mjml=True))
    assert rendered.html.lower().startswith("<!doctype html>")
    assert rendered.text == "Hi Ada"


def test_a_body_that_fails_says_so() -> None:
    with pytest.raises(TemplateError, match="there is no partial 'gone'"):
        mail(Body("{% render 'gone' %}"), Layout(HTML, ""))


def test_a_layout_that_prints_its_content_through_a_filter_has_it_too() -> None:
    layout = Layout("<p>{{ content | strip }}</p>", "{{ content | upcase }}")
    rendered = mail(Body("<b>{{ name }}</b> "), layout)
    assert "<p><b>Ada</b> </p>" in rendered.html
    assert rendered.text == "ADA"


def test_all_templates_of_a_mail_share_their_time() -> None:
    slow = "{% for i in (1..400) %}{% for j in (1..200) %}{% endfor %}{% endfor %}"
    layout = Layout("{{ content }}", "", footer_links=tuple((slow, slow) for _ in range(100)))
    began = time.thread_time()
    with pytest.raises(TemplateError, match="took too long"):
        mail(Body("x"), layout)
    assert time.thread_time() - began < 3
