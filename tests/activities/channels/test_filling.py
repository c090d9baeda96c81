import pytest
from pydantic import ValidationError

from activities.channels.filling import filled, needs_filling, told
from models.values.providers import SmtpSettings
from rendering.errors import TemplateError


def test_only_liquid_texts_change() -> None:
    settings = {"host": "mail.{{ vars.domain }}", "port": 25, "username": "me", "password": None}
    assert filled(settings, {"domain": "example.com"}) == settings | {"host": "mail.example.com"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({"a": "plain", "b": 1}, False), ({"a": "{{ vars.x }}"}, True), ({"a": "{% if x %}{% endif %}"}, True)],
)
def test_variables_are_read_only_for_settings_that_name_some(
    settings: dict[str, object], expected: bool
) -> None:
    assert needs_filling(settings) is expected


def test_nothing_of_a_run_is_seen() -> None:
    assert filled({"host": "{{ recipient.host }}{{ data.host }}"}, {}) == {"host": ""}


def test_a_text_that_is_no_liquid_is_told() -> None:
    with pytest.raises(TemplateError):
        filled({"host": "{{ vars.x"}, {})


def test_a_mistake_names_the_setting_and_no_value() -> None:
    with pytest.raises(ValidationError) as refused:
        SmtpSettings.model_validate({"host": "h", "port": 0, "password": ""})
    assert told(refused.value).startswith("port: Input should be greater")
    assert "password: " in told(refused.value)
