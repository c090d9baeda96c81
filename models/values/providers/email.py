"""The settings of the email providers."""

import ssl
from functools import lru_cache
from typing import Final, Literal

from pydantic import Field, field_validator

from models.values.kinds import ChannelType
from models.values.providers.settings import (
    AwsRegion,
    AwsSettings,
    NoSettings,
    Provider,
    ProviderSettings,
    ProviderTracking,
    Secret,
    Text,
    is_liquid,
)


class SesSettings(AwsSettings):
    """Amazon Simple Email Service."""

    region: AwsRegion = Field(description="Where the sender is verified, such as `us-east-1`.")


class CloudflareSettings(ProviderSettings):
    """Cloudflare's email sending."""

    account_id: Text = Field(description="Of the Cloudflare account.")
    api_key: Secret = Field(description="An API token that may send email.")


class ApiKeySettings(ProviderSettings):
    """A provider that asks for a key and nothing else."""

    api_key: Secret = Field(description="An API key that may send.")


class MailgunSettings(ProviderTracking):
    """Mailgun."""

    api_key: Secret = Field(description="A sending key of the domain, or an account's API key.")
    domain: Text = Field(description="The sending domain, such as `mg.example.com`.")
    region: Literal["us", "eu"] = Field(description="Where the domain was made.")


class MailjetSettings(ProviderTracking):
    """Mailjet."""

    api_key: Secret = Field(description="The public half of a key pair.")
    secret_key: Secret = Field(description="The private half.")


class MailtrapSettings(ProviderSettings):
    """Mailtrap."""

    api_key: Secret = Field(description="An API token.")
    api: Literal["sending", "testing"] = Field(description="`testing`: mails end in a Mailtrap sandbox.")
    inbox_id: Text | None = Field(default=None, description="The sandbox of the `testing` API.")


class TrackedApiKeySettings(ProviderTracking):
    """A provider that asks for a key, and can track by itself."""

    api_key: Secret = Field(description="An API key that may send.")


class PostmarkSettings(ProviderTracking):
    """Postmark."""

    api_key: Secret = Field(description="A server API token.")


class SendgridSettings(ProviderTracking):
    """SendGrid."""

    api_key: Secret = Field(description="An API key that may send mail.")
    check_delivery_status: bool = Field(
        default=False, description="Ask for what became of a mail; needs the Email Activity add-on."
    )


class SparkpostSettings(ProviderTracking):
    """SparkPost."""

    api_key: Secret = Field(description="An API key that may make transmissions.")
    region: Literal["us", "eu"] = Field(description="Where the account is.")


class SmtpSettings(ProviderSettings):
    """An SMTP server. Credentials come in pairs: without a username nobody logs in."""

    host: Text = Field(description="Of the server.")
    port: int = Field(
        default=587, ge=1, le=65535, description="587 for `starttls`, 465 for `tls`, as a rule."
    )
    username: str | None = Field(default=None, description="Without one nobody logs in.")
    password: Secret | None = Field(default=None, description="Of that user.")
    tls: Literal["none", "starttls", "tls"] = Field(
        default="starttls",
        description="`starttls` upgrades or fails; `tls` encrypts from the first byte; `none` does neither.",
    )
    ca_certificate: str | None = Field(
        default=None, description="A certificate authority to trust besides the system's, as PEM."
    )
    timeout_seconds: float = Field(
        default=10, gt=0, le=30, description="For the whole conversation; what takes longer failed."
    )

    @field_validator("ca_certificate")
    @classmethod
    def _is_certificate(cls, pem: str | None) -> str | None:
        if pem is None or is_liquid(pem):
            return pem
        try:
            # Without the system's authorities, which take 50 ms to read.
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
        except (ssl.SSLError, TypeError, ValueError) as error:
            raise ValueError("must be a certificate in PEM") from error
        return pem


@lru_cache(maxsize=64)
def trust(certificate: str | None) -> ssl.SSLContext:
    """The system's certificate authorities, and this one; raises ssl.SSLError for what is none.

    Shared by all who ask for the same, as it takes 50 ms to read: nobody may change it.
    """
    context = ssl.create_default_context()
    if certificate is not None:
        context.load_verify_locations(cadata=certificate)
    return context


_EMAIL = ChannelType.EMAIL

EMAIL: Final = (
    Provider("email_knock", "Knock's test provider", _EMAIL, NoSettings),
    Provider("email_ses", "Amazon SES", _EMAIL, SesSettings),
    Provider("email_cloudflare", "Cloudflare Email", _EMAIL, CloudflareSettings),
    Provider("email_mailersend", "MailerSend", _EMAIL, ApiKeySettings),
    Provider("email_mailgun", "Mailgun", _EMAIL, MailgunSettings),
    Provider("email_mailjet", "Mailjet", _EMAIL, MailjetSettings),
    Provider("email_mailtrap", "Mailtrap", _EMAIL, MailtrapSettings),
    Provider("email_mandrill", "Mandrill", _EMAIL, TrackedApiKeySettings),
    Provider("email_postmark", "Postmark", _EMAIL, PostmarkSettings),
    Provider("email_resend", "Resend", _EMAIL, ApiKeySettings),
    Provider("email_sendgrid", "SendGrid", _EMAIL, SendgridSettings),
    Provider("email_smtp", "SMTP", _EMAIL, SmtpSettings, is_built=True),
    Provider("email_sparkpost", "SparkPost", _EMAIL, SparkpostSettings),
)
