"""Which translation a recipient reads: E-TEMPLATE-28, E-TEMPLATE-29, E-TEMPLATE-32, E-TEMPLATE-33."""

from typing import Any

import pytest

from rendering.translations.dictionaries import TranslationFile, Translations

LEVELS = ["fr-BE@acme", "fr@acme", "en@acme", "fr-BE", "fr", "en"]
"""Highest first, as E-TEMPLATE-32 numbers them."""


def file(name: str, entries: dict[str, Any], namespace: str = "") -> TranslationFile:
    locale, _, tenant = name.partition("@")
    return TranslationFile(locale, entries, namespace, tenant or None)


@pytest.mark.parametrize("missing", range(len(LEVELS)))
def test_each_level_goes_before_the_next(missing: int) -> None:
    translations = Translations(file(name, {"greeting": name}) for name in LEVELS[missing:])
    assert translations.dictionary("fr-BE", "en", "acme").find("greeting") == LEVELS[missing]


@pytest.mark.parametrize(
    ("locale", "tenant", "found"),
    [
        ("fr-BE", None, "fr-BE"),
        ("fr_be", None, "fr-BE"),
        ("fr-CA", None, "fr"),
        ("fr", "other", "fr"),
        ("de", None, "en"),
        (None, None, "en"),
        ("de", "acme", "en@acme"),
    ],
)
def test_a_locale_falls_back_to_its_language_and_then_to_the_accounts(
    locale: str | None, tenant: str | None, found: str
) -> None:
    translations = Translations(file(name, {"greeting": name}) for name in LEVELS)
    assert translations.dictionary(locale, "en", tenant).find("greeting") == found


def test_levels_are_merged_key_by_key() -> None:
    translations = Translations(
        [
            file("en", {"order": {"ready": "Ready", "late": {"one": "Late", "two": "Very"}}, "bye": "Bye"}),
            file("fr", {"order": {"ready": "Prête", "late": {"one": "Tard"}}}),
            file("en@acme", {"bye": "So long"}),
        ]
    )
    found = translations.dictionary("fr", "en", "acme")
    assert [found.find(key) for key in ("order.ready", "order.late.one", "order.late.two", "bye")] == [
        "Prête", "Tard", "Very", "So long",
    ]  # fmt: skip


def test_one_tenants_texts_are_not_anothers() -> None:
    translations = Translations([file("en", {"hi": "Hi"}), file("en@acme", {"hi": "Acme"})])
    assert translations.dictionary("en", "en", "acme").find("hi") == "Acme"
    assert translations.dictionary("en", "en", "globex").find("hi") == "Hi"
    assert translations.dictionary("en", "en", None).find("hi") == "Hi"


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("bye", "Bye"),
        ("shop:bye", "Thanks"),
        ("shop:order.ready", "Ready"),
        ("shop:order", {"ready": "Ready"}),
        ("order.ready", None),
        ("bye.deeper", None),
        ("nowhere:bye", None),
        ("v1.2", "dotted"),
        ("", None),
    ],
)
def test_a_reference_names_a_namespace_and_a_path(reference: str, found: object) -> None:
    translations = Translations(
        [
            file("en", {"bye": "Bye", "v1.2": "dotted"}),
            file("en", {"bye": "Thanks", "order": {"ready": "Ready"}}, "shop"),
        ]
    )
    assert translations.dictionary(None, "en", None).find(reference) == found


@pytest.mark.parametrize(
    ("forms", "count", "found"),
    [
        ("zero one other", "0", "zero"),
        ("one other", "0", "other"),
        ("zero one other", "1", "one"),
        ("zero other", "1", "other"),
        ("zero one other", "2", "other"),
        ("zero one other", "1.5", "other"),
        ("zero one other", "-1", "other"),
        ("zero one", "5", None),
    ],
)
def test_a_count_chooses_the_plural_form(forms: str, count: str, found: str | None) -> None:
    translations = Translations([file("en", {"items": {form: form for form in forms.split()}})])
    assert translations.dictionary("en", None, None).find("items", count) == found


@pytest.mark.parametrize(
    ("above", "found"),
    [
        ({"order": {"ready": "Prête"}}, "Prête"),
        ({"order.ready": "Prête"}, "Prête"),
        ({"order": "Commande"}, "Ready"),
    ],
)
@pytest.mark.parametrize("below", [{"order": {"ready": "Ready"}}, {"order.ready": "Ready"}])
def test_a_dotted_key_is_the_same_as_a_nested_one(
    above: dict[str, Any], below: dict[str, Any], found: str
) -> None:
    translations = Translations([file("en", below), file("fr", above)])
    assert translations.dictionary("fr", "en", None).find("order.ready") == found


def test_a_text_takes_the_place_of_plural_forms_and_they_of_a_text() -> None:
    forms = {"items": {"one": "one", "other": "other"}}
    translations = Translations([file("en", forms), file("fr", {"items": "toujours"}), file("fr-BE", forms)])
    assert translations.dictionary("fr", "en", None).find("items", "1") == "toujours"
    assert translations.dictionary("fr-BE", "en", None).find("items", "1") == "one"


def test_texts_with_stops_in_them_are_keys_beside_one_another() -> None:
    translations = Translations([file("de", {"Hi": "Hallo", "Hi. How are you?": "Hallo. Wie geht's?"})])
    found = translations.dictionary("de", None, None)
    assert (found.find_text("Hi"), found.find_text("Hi. How are you?")) == ("Hallo", "Hallo. Wie geht's?")
    assert found.find_text("Hi.") is None
