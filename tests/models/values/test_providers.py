import pytest
from pydantic import ValidationError

from models.values.providers import (
    CHANNEL_SETTINGS,
    PROVIDER_SETTINGS,
    PROVIDERS_OF,
    SmtpSettings,
    exposed,
    shown,
)

SMTP = {"host": "mail.example.com", "username": "me", "password": "hunter2"}


def test_what_is_sealed_can_be_read_back() -> None:
    settings = SmtpSettings.model_validate(SMTP)
    assert exposed(settings)["password"] == "hunter2"
    assert SmtpSettings.model_validate(exposed(settings)) == settings


def test_what_is_shown_holds_no_secret() -> None:
    assert "password" not in shown(SmtpSettings.model_validate(SMTP))
    assert "hunter2" not in repr(SmtpSettings.model_validate(SMTP))


def test_a_send_may_not_wait_longer_than_thirty_seconds() -> None:
    with pytest.raises(ValidationError, match="30"):
        SmtpSettings(host="mail.example.com", timeout_seconds=31)


def test_every_provider_of_a_channel_type_has_settings() -> None:
    assert {provider for known in PROVIDERS_OF.values() for provider in known} == PROVIDER_SETTINGS.keys()
    assert CHANNEL_SETTINGS.keys() == PROVIDERS_OF.keys()
