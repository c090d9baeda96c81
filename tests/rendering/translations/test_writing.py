import json

from rendering.translations.files import texts_of
from rendering.translations.writing import written

NESTED = {"hello": "Grüße {{ name }}", "open": {"one": "Eine", "other": "{{ count }}"}, "a": {"b": "c\n"}}


def test_json_is_written_as_it_was_nested() -> None:
    assert json.loads(written("json", NESTED)) == NESTED


def test_po_is_read_back_with_its_keys_joined_by_dots() -> None:
    read = texts_of("po", written("po", NESTED))
    assert read == {"hello": NESTED["hello"], "open": NESTED["open"], "a.b": "c\n"}


def test_of_plural_forms_po_keeps_one_and_other() -> None:
    read = texts_of("po", written("po", {"open": {"zero": "0", "other": "many"}}))
    assert read == {"open": {"one": "many", "other": "many"}}
