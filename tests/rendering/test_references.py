"""What a template names: E-TEMPLATE-11, E-TEMPLATE-24, E-TEMPLATE-30."""

import pytest

from rendering.environment import TemplateError
from rendering.references import marked_texts, partials_of, variables_of

NESTED = """
{% if x %}{% render 'a', n: data.n %}{% else %}{% t %}Hi {{ name }}: {% render 'b' %}{% endt %}{% endif %}
{% for i in data.items %}{% case i %}{% when 1 %}{% render 'a' %}{% endcase %}{% endfor %}
{% capture c %}{% t %}Bye{% endt %}{% t %}Bye{% endt %}{% endcapture %}{% raw %}{% render 'no' %}{% endraw %}
"""


def test_partials_are_found_wherever_they_stand() -> None:
    assert partials_of(NESTED) == ["a", "b"]


def test_texts_to_translate_are_found_word_for_word() -> None:
    assert marked_texts(NESTED) == ["Hi {{ name }}: {% render 'b' %}", "Bye"]


def test_variables_are_found_in_arguments_and_texts_too() -> None:
    assert ("data", "n") in variables_of(NESTED)
    assert ("name",) in variables_of(NESTED)


def test_a_template_that_cannot_be_read_names_nothing() -> None:
    for reader in (partials_of, marked_texts, variables_of):
        with pytest.raises(TemplateError):
            reader("{% render key %}")
