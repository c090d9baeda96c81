"""Visual blocks: E-TEMPLATE-20, E-TEMPLATE-21."""

import json
from typing import Any

import pytest

from rendering.blocks import BASE_STYLES, blocks_to_html, compile_markdown
from rendering.content import Content, Form, Partial
from rendering.css import inline
from rendering.environment import TemplateError, render

BUTTON = {"label": "Go {{ n }}", "action": "{{ url }}?a=1&b=2", "variant": "solid"}


@pytest.mark.parametrize(
    ("block", "html"),
    [
        (
            {"type": "divider"},
            '<div class="block-row block-row--divider-v1"><div class="block-divider"></div></div>',
        ),
        (
            {"type": "html", "content": "<b>{{ n }}</b>",
             "layout_attrs": {"padding_top": 4, "padding_left": 8}},
            '<div class="block-row block-row--html-v1" style="padding-top: 4px; padding-left: 8px">'
            "<b>{{ n }}</b></div>",
        ),
        (
            {"type": "markdown", "content": "*{{ n }}*"},
            '<div class="block-row block-row--markdown-v1"><div class="block-markdown">'
            "<p><em>{{ n }}</em></p>\n</div></div>",
        ),
        (
            {"type": "image", "url": "{{ url | append: '\"' }}", "alt": 'a "b"', "action": "/x",
             "style_attrs": {"width": "50%"}, "layout_attrs": {"horizontal_align": "center"}},
            '<div class="block-row block-row--image-v1" style="text-align: center"><a href="/x">'
            '<img class="block-image" src="{{ url | append: \'"\' }}" alt="a &quot;b&quot;"'
            ' style="width: 50%"></a></div>',
        ),
        (
            {"type": "button_set", "buttons": [BUTTON]},
            '<div class="block-row block-row--button_set-v1">'
            '<a class="block-button block-button--solid block-button--md" href="{{ url }}?a=1&amp;b=2"'
            ' target="_blank">Go {{ n }}</a></div>',
        ),
    ],
)  # fmt: skip
def test_a_block_is_html_with_its_liquid_and_its_types_classes(block: dict[str, Any], html: str) -> None:
    assert blocks_to_html([block]) == html


def test_a_button_has_its_size_and_its_own_colours_and_the_second_stands_apart() -> None:
    dressed = {
        **BUTTON,
        "variant": "outline",
        "size_attrs": {"size": "lg", "is_fullwidth": True},
        "style_attrs": {"background_color": "#fff", "text_color": "#000", "border_width": 2},
    }
    block = {"type": "button_set", "buttons": [BUTTON, dressed], "layout_attrs": {"column_gap": 12}}
    html = blocks_to_html([block])
    assert "block-button--outline block-button--lg block-button--full" in html
    assert 'style="background-color: #fff; color: #000; border-width: 2px; margin-left: 12px"' in html
    assert html.count("margin-left") == 1


def test_the_base_styles_reach_the_blocks() -> None:
    block = {"type": "button_set", "buttons": [{**BUTTON, "size_attrs": {"size": "sm"}}]}
    page = inline(BASE_STYLES + blocks_to_html([block, {"type": "divider"}]))
    assert "font-size: 14px" in page.partition("<body>")[2]
    assert "border-bottom: 1px solid #dddee1" in page.partition("<body>")[2]


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ('Hi {{ name | default: "you" }}', '<p>Hi {{ name | default: "you" }}</p>\n'),
        ("{{ a_b }} and {{ c_d }}", "<p>{{ a_b }} and {{ c_d }}</p>\n"),
        ("[go]({{ url }})", '<p><a href="{{ url }}">go</a></p>\n'),
        ("![{{ alt }}]({{ url }}/x.png)", '<p><img src="{{ url }}/x.png" alt="{{ alt }}" /></p>\n'),
        ("{% if a < b %}\n\n# Yes\n\n{% endif %}", "{% if a < b %}\n<h1>Yes</h1>\n{% endif %}\n"),
        ("**{% t %}Bold{% endt %}**", "<p><strong>{% t %}Bold{% endt %}</strong></p>\n"),
        ("{{ x }}", "<p>{{ x }}</p>\n"),
        ("a<br>b", "<p>a<br>b</p>\n"),
        ("liquid9z7z9diuqil", "<p>liquid9z7z9diuqil</p>\n"),
    ],
)
def test_markdown_is_compiled_around_its_liquid(markdown: str, html: str) -> None:
    assert compile_markdown(markdown) == html


def printed(attrs: dict[str, Any], content: str, *fields: dict[str, Any]) -> str:
    block = {"type": "partial", "key": "card", "name": "Card", "attrs": attrs}
    partial = Partial("card", "html", content, fields)
    scope = {"n": "Ada", "items": [{"q": 1}, {"q": 2}], "no": False, "quote": 'a "q"'}
    html = render(blocks_to_html([block]), scope, content=Content({"card": partial}), form=Form.HTML)
    return html.removeprefix('<div class="block-row block-row--partial-v1">').removesuffix("</div>")


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("Hi {{ n }}", "Hi Ada"),
        ("{{ items }}", '{"q":1}{"q":2}'),
        (True, "true"),
        (3, "3"),
        ({"a": ["{{ quote }}", "b {{ n }}", "{c}"]}, '{"a": ["a \\"q\\"", "b Ada", "{c}"]}'),
    ],
)
def test_a_partial_block_gives_its_attributes_as_text(value: object, seen: str) -> None:
    assert printed({"x": value}, "{{ x }}") == seen


def test_a_partial_block_keeps_what_the_schema_keeps() -> None:
    loop = "{% for item in x %}{{ item.q }};{% endfor %}"
    assert printed({"x": "{{ items }}"}, loop, {"type": "list", "key": "x"}) == "1;2;"
    assert printed({"x": [{"q": "{{ n }}"}]}, loop, {"type": "list", "key": "x"}) == "Ada;"
    button = {"text": "Go {{ n }}", "action": "/{{ n }}"}
    assert (
        printed({"x": button}, "{{ x.text }} {{ x.action }}", {"type": "button", "key": "x"}) == "Go Ada /Ada"
    )


def test_what_is_json_in_an_attribute_stays_json_whatever_its_texts_hold() -> None:
    assert json.loads(printed({"x": {"a": '{{ quote | append: "\\\\" }}'}}, "{{ x }}")) == {"a": 'a "q"\\\\'}


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"type": "video"}, "no visual block of type 'video'"),
        ({"type": "partial", "key": "k", "attrs": {"a b": 1}}, "attribute 'a b' is no name"),
        ({"type": "markdown", "content": "a" * 60_000}, "longer than 50000"),
        ({"type": "html", "content": "{{" * 100}, "never closed"),
        ({"type": "partial", "key": "k", "attrs": {"a": {"b": ["{{" * 100]}}}, "never closed"),
    ],
)
def test_a_block_that_stands_for_nothing_is_refused(block: dict[str, Any], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        blocks_to_html([block])
