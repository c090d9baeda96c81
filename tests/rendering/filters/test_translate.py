"""The filter `t`: E-TEMPLATE-21, E-TEMPLATE-28, E-TEMPLATE-29, E-TEMPLATE-33."""

import pytest

from rendering.content import Content, Partial
from rendering.environment import TemplateError, render
from rendering.translations.dictionaries import Dictionary

TEXTS = {
    "hi": "Hallo {{ name }}",
    "outside": "[{{ recipient.name }}]",
    "shout": "{{ name | upcase }}",
    "bold": "**{{ n }}**",
    "items.zero": "nichts",
    "items.one": "eins",
    "items.other": "{{ count }} Dinge",
    "deep.er": "tief",
    "broken": "{{ name",
    "loop": "{{ 'loop' | t }}",
}


def translated(source: str) -> str:
    content = Content(
        {"p": Partial("p", "html", "{{ 'deep.er' | t }}")}, Dictionary({"": TEXTS, "shop": {"hi": "Servus"}})
    )
    return render(source, {"recipient": {"name": "Ada"}, "n": 2}, content=content)


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("{{ 'hi' | t: name: recipient.name }}", "Hallo Ada"),
        ("{{ 'hi' | t }}", "Hallo "),
        ("{{ 'shop:hi' | t }}", "Servus"),
        ("{{ 'deep.er' | t | titlecase }}", "Tief"),
        ("{{ 'outside' | t }}", "[]"),
        ("{{ 'shout' | t: name: 'ada' }}", "ADA"),
        (
            "{{ 'items' | t: count: 0 }}/{{ 'items' | t: count: 1 }}/{{ 'items' | t: count: n }}",
            "nichts/eins/2 Dinge",
        ),
        ("[{{ 'missing' | t }}]", "[]"),
        ("{{ 'missing' | t | default: 'Fallback' }}", "Fallback"),
        ("{% assign key = 'deep.er' %}{{ key | t }}", "tief"),
        ("{{ 'bold' | t: n: 'b' }}", "**b**"),
        ("{{ 'bold' | t: n: 'b' | from_markdown }}", "<p><strong>b</strong></p>\n"),
        ("{% render 'p' %}", "tief"),
        ("{{ 'hi' | t: value: 1, name: 'x' }}", "Hallo x"),
    ],
)
def test_a_key_is_looked_up_and_its_arguments_are_filled_in(source: str, printed: str) -> None:
    assert translated(source) == printed


def test_without_translations_a_key_is_nothing() -> None:
    assert render("[{{ 'hi' | t }}]{% t %}Hi{% endt %}", {}) == "[]Hi"


@pytest.mark.parametrize(
    ("source", "message"),
    [("{{ 'broken' | t }}", "expected"), ("{{ 'loop' | t }}", "nested too deeply")],
)
def test_a_translation_that_cannot_be_rendered_fails_the_template(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        translated(source)
