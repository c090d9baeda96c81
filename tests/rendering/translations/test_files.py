"""Reading translation files: E-TEMPLATE-27."""

import pytest

from rendering.translations.files import TranslationFileError, texts_of

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "order.ready"
msgstr "Votre commande est prête."

msgid "untranslated"
msgstr ""

msgid "items"
msgid_plural "items"
msgstr[0] "un objet"
msgstr[1] "{{ count }} objets"
"""


def test_json_is_read_as_it_is_nested() -> None:
    assert texts_of("json", '{"a": {"b": "c"}, "n": 1}') == {"a": {"b": "c"}, "n": 1}


def test_po_messages_are_keyed_by_their_ids() -> None:
    assert texts_of("po", PO) == {
        "order.ready": "Votre commande est prête.",
        "items": {"one": "un objet", "other": "{{ count }} objets"},
    }


def test_an_empty_file_has_no_texts() -> None:
    assert texts_of("json", "") == {}
    assert texts_of("po", "") == {}


@pytest.mark.parametrize(
    ("format", "content", "message"),
    [
        ("json", "{", "not JSON"),
        ("json", "[]", "not a JSON object"),
        ("json", '{"a":' * 60 + "1" + "}" * 60, "nests more than 50"),
        ("po", '{"a": "b"}', "not in the PO format"),
    ],
)
def test_what_is_no_translation_is_refused(format: str, content: str, message: str) -> None:
    with pytest.raises(TranslationFileError, match=message):
        texts_of(format, content)
