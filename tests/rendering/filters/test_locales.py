"""Dates, numbers and money in a locale: E-TEMPLATE-9 and the table of filters."""

import pytest

from rendering.environment import TemplateError, render

EVE = "2023-12-31T14:30:00Z"


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("{{ at | format_date_in_locale: 'en-US' }}", "12/31/23"),
        ("{{ at | format_date_in_locale: 'en-GB' }}", "31/12/2023"),
        ("{{ at | format_date_in_locale: 'de', 'long' }}", "31. Dezember 2023"),
        ("{{ at | format_date_in_locale: 'fr_FR', 'full' }}", "dimanche 31 décembre 2023"),
        ("{{ at | timezone: 'Asia/Tokyo' | format_date_in_locale: 'en-US' }}", "12/31/23"),
        ("{{ at | format_datetime_in_locale: 'en-US' }}", "12/31/23, 2:30 PM"),
        ("{{ at | format_datetime_in_locale: 'en-US', 'medium', 'short' }}", "Dec 31, 2023, 2:30 PM"),
        ("{{ at | timezone: 'Europe/Berlin' | format_datetime_in_locale: 'de' }}", "31.12.23, 15:30"),
        ("{{ 'soon' | format_date_in_locale: 'de' }}", "soon"),
        ("{{ 10000 | format_number: 'en' }}", "10,000"),
        ("{{ 10000.5 | format_number: 'de' }}", "10.000,5"),
        ("{{ '1234567' | format_number: 'fr' }}", "1 234 567"),
        ("{{ 'many' | format_number: 'fr' }}", "many"),
        ("{{ 10.99 | currency }}", "$10.99"),
        ("{{ 10 | currency: 'EUR', 'de' }}", "10,00 €"),
        ("{{ '10.99' | currency: 'gbp', 'en-GB' }}", "£10.99"),
        ("{{ 1234 | currency: 'JPY', 'ja' }}", "￥1,234"),
        ("{{ 10.99 | rounded_currency: 'GBP', 'en-GB' }}", "£11"),
        ("{{ 10.5 | rounded_currency }}", "$11"),
        ("{{ -3 | currency }}", "-$3.00"),
        ("{{ missing | currency }}", ""),
        ("{{ 1 | format_number: 'xx-YY' }}{{ 1000 | format_number: '' }}", "11,000"),
        ("{{ 1000 | format_number: 'de-XX' }}", "1.000"),
    ],
)
def test_a_value_is_written_as_its_locale_does(source: str, printed: str) -> None:
    assert render(source, {"at": EVE}) == printed


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ at | format_date_in_locale: 'en', 'huge' }}", "there is no style 'huge' of dates"),
        ("{{ 1 | currency: 'XYZ!' }}", "there is no currency 'XYZ!'"),
    ],
)
def test_a_style_or_currency_that_nobody_knows_fails_the_template(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        render(source, {"at": EVE})


LOCALES = "af ar de-DE en-US es-419 fil he hi id ja-JP ka ko nb no pt-BR sr ta th uk wo zh-CN zh-Hant"


@pytest.mark.parametrize("code", LOCALES.split())
def test_the_locales_of_knocks_list_are_known(code: str) -> None:
    assert render("{{ at | format_date_in_locale: code, 'full' }}", {"at": EVE, "code": code})


def test_a_number_too_long_to_be_one_comes_back() -> None:
    assert render("{{ n | format_number: 'en' }}", {"n": "1e999999999"}) == "1e999999999"
    assert render("{{ n | currency }}", {"n": "9" * 100}) == "9" * 100
