"""Partials and texts to translate: E-TEMPLATE-10 to E-TEMPLATE-13, E-TEMPLATE-15, E-TEMPLATE-30."""

import time

import pytest

from rendering.content import Content, Form, Partial
from rendering.environment import TemplateError, parse, render
from rendering.translations.dictionaries import Dictionary

SCOPE = {
    "recipient": {"name": "Ada", "limit": 7},
    "secret": "s",
    "no": False,
    "list": [1, 2],
    "vars": {"app": "App", "branding": {"primary_color": "#123456"}},
}


def partial(key: str, content: str, kind: str = "html") -> Partial:
    return Partial(key, kind, content)


def holding(*partials: Partial) -> Content:
    return Content({one.key: one for one in partials})


@pytest.mark.parametrize(
    ("source", "content", "printed"),
    [
        ("{% render 'p', name: recipient.name %}!", "Hi {{ name }}", "Hi Ada!"),
        ("{% render 'p' %}", "[{{ recipient.name }}{{ secret }}{{ vars.app }}]", "[]"),
        ("{% assign a = 1 %}{% render 'p' %}", "[{{ a }}]", "[]"),
        ("{% render 'p' %}{{ a }}", "{% assign a = 1 %}", ""),
        ("{% render 'p' %}", "{{ vars.branding.primary_color }}", "#123456"),
        ("{% render 'p', x: no %}", "{% if x %}truthy {{ x }}{% endif %}", "truthy false"),
        ("{% render 'p', x: list %}", "{{ x }} {{ x.size }}", "12 2"),
        ("{% render 'p', x: list | json, y: 1 %}", "{% assign l = x | from_json %}{{ l[1] }}", "2"),
        ("{% render 'p', x: missing %}", "{% if x == '' %}empty{% endif %}", "empty"),
        ("{% for i in list %}{% render 'p', x: i %}{% endfor %}", "<{{ x }}>", "<1><2>"),
        ("{% render 'p' %}", "{{ 'now' | date: '%Y' | size }}", "4"),
    ],
)
def test_a_partial_sees_its_inputs_and_the_branding_alone(source: str, content: str, printed: str) -> None:
    assert render(source, SCOPE, content=holding(partial("p", content))) == printed


def test_a_partial_renders_another_partial() -> None:
    content = holding(partial("outer", "({% render 'inner', x: x %})"), partial("inner", "{{ x }}"))
    assert render("{% render 'outer', x: 'y' %}", {}, content=content) == "(y)"


@pytest.mark.parametrize(
    ("kind", "form", "printed"),
    [
        ("markdown", Form.HTML, "<p><strong>b</strong></p>\n"),
        ("markdown", Form.TEXT, "**b**"),
        ("text", Form.HTML, "**b**"),
        ("json", Form.HTML, "**b**"),
    ],
)
def test_a_markdown_partial_is_html_where_html_is_written(kind: str, form: Form, printed: str) -> None:
    content = holding(partial("p", "**{{ x }}**", kind))
    assert render("{% render 'p', x: 'b' %}", {}, content=content, form=form) == printed


@pytest.mark.rule("E-LIMITS-37")
def test_partials_stand_five_deep_in_one_another_and_no_deeper() -> None:
    chain = [partial(f"p{n}", f"{n}{{% render 'p{n + 1}' %}}") for n in range(1, 6)]
    five = holding(*chain[:4], partial("p5", "5"))
    six = holding(*chain, partial("p6", "6"))

    assert render("{% render 'p1' %}", {}, content=five) == "12345"
    with pytest.raises(TemplateError, match="partials are nested more than 5 deep"):
        render("{% render 'p1' %}", {}, content=six)


def test_a_partial_that_renders_itself_under_a_condition_ends() -> None:
    content = holding(
        partial(
            "p", "{{ n }}{% if n != 'xxx' %}{% assign m = n | append: 'x' %}{% render 'p', n: m %}{% endif %}"
        )
    )
    assert render("{% render 'p', n: 'x' %}", {}, content=content) == "xxxxxx"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("\n{% render 'p' for items %}", "'render' has no modifier 'for'"),
        ("\n{% render 'p' with item %}", "'render' has no modifier 'with'"),
        ("\n{% render key %}", "the key of a partial stands in quotes"),
        ("\n{% render 'p', x: 1 | nonesuch %}", "unknown filter 'nonesuch'"),
        ("\n{% t now %}x{% endt %}", "the tag 't' takes no arguments"),
        ("\n{% liquid t\n echo x\n endt %}", "the tag 't' stands in braces of its own"),
        ("\n{% t %}x", "'t' is never closed"),
        ("\n{% t %}a{% t %}b{% endt %}", "the tag 't' cannot stand in itself"),
        ("\n{% t %}{{ x | nonesuch }}{% endt %}", "unknown filter 'nonesuch'"),
    ],
)
def test_tags_that_knock_does_not_have_are_refused_when_parsed(source: str, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        parse(source)
    assert (refused.value.message, refused.value.line) == (message, 2)


def test_a_failing_partial_is_named_with_the_line_that_renders_it() -> None:
    with pytest.raises(TemplateError) as failed:
        render("\n{% render 'p' %}", {}, content=holding(partial("p", "\n\n{{ 1 | divided_by: 0 }}")))
    assert failed.value.message == "in the partial 'p': divided_by: can't divide by 0"
    assert failed.value.line == 2


def test_partials_share_the_time_of_the_template_that_renders_them() -> None:
    slow = "{% for i in (1..9000) %}{% assign s = s | append: 'aaaaaaaaaaaa' | upcase %}{% endfor %}"
    began = time.thread_time()
    with pytest.raises(TemplateError):
        parse("{% for i in (1..9000) %}{% render 'p' %}{% endfor %}").render(
            {}, seconds=0.3, content=holding(partial("p", slow))
        )
    assert time.thread_time() - began < 3


def test_loops_around_a_partial_count_with_those_in_it() -> None:
    loop = "{% for i in (1..1000) %}{% endfor %}"
    with pytest.raises(TemplateError, match="loop"):
        render(
            "{% for i in (1..1000) %}{% render 'p' %}{% endfor %}", {}, content=holding(partial("p", loop))
        )


def test_style_blocks_of_html_partials_are_lifted_once_each() -> None:
    styled = partial("p", "<style>.p{color:{{ c }}}</style><b>{{ c }}</b>")
    page = parse(
        "{% render 'p', c: 'red' %}{% render 'p', c: 'red' %}{% render 'p', c: 'blue' %}"
    ).render_page({}, content=holding(styled))
    assert page.text == "<b>red</b><b>red</b><b>blue</b>"
    assert page.styles == ("<style>.p{color:red}</style>", "<style>.p{color:blue}</style>")


def test_what_is_assigned_beside_a_style_block_is_not_seen_in_it() -> None:
    styled = partial(
        "p", "{% assign c = 'red' %}<style>.p{color:{{ c }}{{ d }}}{% assign e = 1 %}</style>{{ c }}{{ e }}"
    )
    page = parse("{% render 'p', d: 'blue' %}").render_page({}, content=holding(styled))
    assert page.text == "red"
    assert page.styles == ("<style>.p{color:blue}</style>",)


def test_without_a_page_to_lift_them_into_style_blocks_stay_where_they_are() -> None:
    content = holding(partial("p", "<style>.p{}</style><b></b>"))
    assert render("{% render 'p' %}", {}, content=content, form=Form.HTML) == "<style>.p{}</style><b></b>"


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("{% t %}Dear {{ recipient.name }}{% endt %}", "Lieber Ada"),
        ("{% t %}Not translated, {{ recipient.name }}{% endt %}", "Not translated, Ada"),
        ("{% t %}You have {{ recipient.limit }}.{% endt %}", "Du hast 7."),
        ("a {%- t -%} Trimmed: yes {%- endt -%} b", "aGetrimmtb"),
        ("{% for i in list %}{% t %}no. {{ i }}{% endt %}{% endfor %}", "Nr. 1Nr. 2"),
        ("{% raw %}{% t %}x{% endt %}{% endraw %}", "{% t %}x{% endt %}"),
        ("{% t %}{% if no %}a{% else %}b{% endif %}{% endt %}", "b"),
    ],
)
def test_a_text_to_translate_is_its_own_key_and_sees_the_whole_scope(source: str, printed: str) -> None:
    dictionary = Dictionary(
        {
            "": {
                "Dear {{ recipient.name }}": "Lieber {{ recipient.name }}",
                "You have {{ recipient.limit }}.": "Du hast {{ recipient.limit }}.",
                "Trimmed: yes": "Getrimmt",
            },
            "system": {"no. {{ i }}": "Nr. {{ i }}"},
        }
    )
    assert render(source, SCOPE, content=Content(dictionary=dictionary)) == printed
