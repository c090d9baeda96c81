from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from models.values.providers import HIDDEN, PROVIDER_OF_ID, PROVIDERS, Provider, exposed, fields_of, shown
from models.values.providers.email import SmtpSettings

SMTP = {"host": "mail.example.com", "username": "me", "password": "hunter2"}
LIQUID = "{{ vars.x }}"
PEM = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"
ACCOUNT = '{"client_email": "a@b.c", "private_key": "k"}'
KEYS = {"auth_scheme": "access_key", "access_key_id": "AKIA", "secret_access_key": "s"}
ROLE = {"auth_scheme": "external_id", "role_arn": "arn:aws:iam::1:role/x", "external_id": "e"}
NUMBER = {"from_type": "phone_number", "from_phone_number": "+15551234567"}
COMPLETE: list[tuple[str, dict[str, Any]]] = [
    ("email_knock", {}),
    ("email_ses", {"region": "us-east-1", **KEYS}),
    ("email_ses", {"region": "eu-central-1", **ROLE}),
    ("email_cloudflare", {"account_id": "a", "api_key": "k"}),
    ("email_mailersend", {"api_key": "k"}),
    ("email_mailgun", {"api_key": "k", "domain": "d", "region": "eu", "open_tracking": True}),
    ("email_mailjet", {"api_key": "k", "secret_key": "s", "link_tracking": True}),
    ("email_mailtrap", {"api_key": "k", "api": "testing", "inbox_id": "1"}),
    ("email_mandrill", {"api_key": "k"}),
    ("email_postmark", {"api_key": "k"}),
    ("email_resend", {"api_key": "k"}),
    ("email_sendgrid", {"api_key": "k", "check_delivery_status": True}),
    ("email_smtp", SMTP),
    ("email_sparkpost", {"api_key": "k", "region": "us"}),
    ("sms_africas_talking", {"api_key": "k", "username": "sandbox"}),
    ("sms_aws_sns", {"region": "us-east-1", **KEYS, "message_type": "promotional"}),
    (
        "sms_aws_sns",
        {"region": "us-east-1", **ROLE, "originator_type": "short_code", "originator_short_code": "1"},
    ),
    ("sms_mailersend", {"api_key": "k", "phone_number": "+1"}),
    ("sms_messagebird", {"api_key": "k", "from_type": "sender_id", "from_sender_id": "Us"}),
    ("sms_plivo", {"auth_id": "i", "auth_token": "t", "from_type": "short_code", "from_short_code": "1"}),
    ("sms_sinch", {"api_token": "t", "service_plan_id": "p", "region": "br"}),
    ("sms_sinch_messagemedia", {"api_key": "k", "api_secret": "s", "source_number": "1", "region": "apac"}),
    ("sms_telnyx", {"api_key": "k", "from_type": "messaging_profile_id", "messaging_profile_id": "m"}),
    (
        "sms_twilio",
        {
            "account_sid": "AC1",
            "auth_token": "t",
            "from_type": "messaging_service_sid",
            "messaging_service_sid": "MG1",
        },
    ),
    ("sms_vonage", {"api_key": "k", "api_secret": "s", **NUMBER}),
    (
        "push_apns",
        {
            "bundle_id": "com.a",
            "auth_scheme": "token",
            "signing_key": PEM,
            "key_id": "ABCDE12345",
            "team_id": "ABCDE12345",
        },
    ),
    (
        "push_apns",
        {"bundle_id": "com.a", "auth_scheme": "certificate", "certificate": PEM, "private_key": PEM},
    ),
    ("push_aws_sns", KEYS),
    ("push_expo", {"project_name": "@a/b"}),
    ("push_fcm", {"project_id": "p", "service_account": ACCOUNT}),
    ("push_one_signal", {"app_id": "a", "api_key": "k", "recipient_mode": "player_id"}),
    ("chat_slack", {}),
    ("chat_slack", {"app_id": "a", "client_id": "c", "client_secret": "s"}),
    (
        "chat_ms_teams",
        {"bot_id": "b", "bot_password": "p", "bot_type": "single_tenant", "entra_tenant_id": "t"},
    ),
    ("chat_discord", {"bot_token": "t"}),
    ("chat_whatsapp", {"access_token": "t", "phone_number_id": "1"}),
    ("in_app_feed_knock", {}),
    ("in_app_guide_knock", {}),
    ("http_knock_webhook", {"signing_key": "s"}),
]


def mistakes(provider_id: str, given: dict[str, Any]) -> dict[str, str]:
    """What is told, by field."""
    with pytest.raises(ValidationError) as refused:
        PROVIDER_OF_ID[provider_id].settings.model_validate(given)
    return {str(one["loc"][0]): one["msg"].removeprefix("Value error, ") for one in refused.value.errors()}


@pytest.mark.parametrize(("provider_id", "given"), COMPLETE)
def test_what_a_provider_needs_is_accepted_and_can_be_sealed(provider_id: str, given: dict[str, Any]) -> None:
    model = PROVIDER_OF_ID[provider_id].settings
    settings = model.model_validate(given)
    assert given.items() <= exposed(settings).items()
    assert model.model_validate(exposed(settings)) == settings


@pytest.mark.parametrize(("provider_id", "given"), COMPLETE)
def test_without_one_field_that_is_required_everything_is_refused(
    provider_id: str, given: dict[str, Any]
) -> None:
    settings = PROVIDER_OF_ID[provider_id].settings
    for field in fields_of(settings):
        chosen = any(f"{name} is {value}" == field.required_when for name, value in given.items())
        if field.is_required or chosen:
            rest = {name: value for name, value in given.items() if name != field.name}
            assert field.name in mistakes(provider_id, rest)


@pytest.mark.parametrize(("provider_id", "given"), COMPLETE)
def test_every_secret_may_be_liquid_and_is_shown_only_then(provider_id: str, given: dict[str, Any]) -> None:
    model = PROVIDER_OF_ID[provider_id].settings
    secrets = {field.name for field in fields_of(model) if field.is_secret} & given.keys()
    plain, liquid = (
        shown(model.model_validate(given | values)) for values in ({}, dict.fromkeys(secrets, LIQUID))
    )
    assert {plain[name] for name in secrets} <= {HIDDEN}
    assert {liquid[name] for name in secrets} <= {LIQUID}


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.id)
def test_an_unknown_field_is_refused(provider: Provider) -> None:
    assert mistakes(provider.id, {"colour": "red"})["colour"] == "Extra inputs are not permitted"


def test_how_a_secret_is_shown_is_not_taken_for_one() -> None:
    assert "is how a secret is shown" in mistakes("email_resend", {"api_key": HIDDEN})["api_key"]


def test_a_secret_is_in_no_message_and_no_repr() -> None:
    assert "hunter2" not in repr(SmtpSettings.model_validate(SMTP))
    with pytest.raises(ValidationError) as refused:
        PROVIDER_OF_ID["push_fcm"].settings.model_validate({"project_id": "p", "service_account": "hunter2"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("provider_id", "given", "field", "told"),
    [
        ("email_ses", {"region": "Frankfurt", **KEYS}, "region", "must be a region of AWS such as us-east-1"),
        ("email_ses", {"region": "us-east-1", "auth_scheme": "password"}, "auth_scheme", "Input should be"),
        ("email_ses", {"region": "us-east-1", **KEYS, "external_id": "e"}, "external_id", "is only for auth"),
        ("email_ses", {"region": "r", **ROLE, "role_arn": "admin"}, "role_arn", "must be an ARN"),
        ("email_mailgun", {"api_key": "k", "domain": "d", "region": "mars"}, "region", "'us' or 'eu'"),
        ("email_resend", {"api_key": ""}, "api_key", "at least 1"),
        (
            "sms_vonage",
            {**NUMBER, "from_type": "short_code"},
            "from_short_code",
            "is required when from_type",
        ),
        ("sms_sinch", {"from_phone_number": "+1"}, "from_phone_number", "is only for from_type phone_number"),
        ("push_apns", {"auth_scheme": "token", "key_id": "short"}, "key_id", "must be 10"),
        ("push_apns", {"auth_scheme": "token", "signing_key": "k"}, "signing_key", "must be PEM"),
        ("push_fcm", {"service_account": "{"}, "service_account", "must be the JSON of"),
        ("push_fcm", {"service_account": "{}"}, "service_account", "must hold client_email"),
        ("chat_ms_teams", {"bot_type": "single_tenant"}, "entra_tenant_id", "is required when bot_type"),
    ],
)
def test_a_mistake_is_told_at_its_field(
    provider_id: str, given: dict[str, Any], field: str, told: str
) -> None:
    assert told in mistakes(provider_id, given)[field]


def test_a_send_may_not_wait_longer_than_thirty_seconds() -> None:
    with pytest.raises(ValidationError, match="30"):
        SmtpSettings(host="mail.example.com", timeout_seconds=31)


def test_a_certificate_authority_is_pem_or_liquid() -> None:
    assert SmtpSettings(host="h", ca_certificate=LIQUID).ca_certificate == LIQUID
    assert "ca_certificate" in mistakes("email_smtp", {"host": "h", "ca_certificate": "nonsense"})


def test_a_secret_field_is_recognised_by_its_type() -> None:
    for provider in PROVIDERS:
        types = {name: str(field.annotation) for name, field in provider.settings.model_fields.items()}
        for field in fields_of(provider.settings):
            assert field.is_secret == (SecretStr.__name__ in types[field.name]), field
