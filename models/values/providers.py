"""What each provider and channel type may be configured with."""

import ssl
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from models.values.kinds import ChannelType


class SmtpSettings(BaseModel):
    """An SMTP server. Credentials come in pairs: without a username nobody logs in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    """587 for `starttls`, 465 for `tls`, as a rule."""
    username: str | None = None
    password: SecretStr | None = None
    tls: Literal["none", "starttls", "tls"] = "starttls"
    """`starttls` upgrades or fails; `tls` encrypts from the first byte; `none` does neither."""
    ca_certificate: str | None = None
    """A certificate authority to trust besides the system's, as PEM text."""
    timeout_seconds: float = Field(default=10, gt=0, le=30)
    """For the whole conversation; a send that takes longer counts as failed."""

    @field_validator("ca_certificate")
    @classmethod
    def _is_certificate(cls, pem: str | None) -> str | None:
        try:
            trust(pem)
        except (ssl.SSLError, TypeError, ValueError) as error:
            raise ValueError("must be a certificate in PEM") from error
        return pem


def trust(certificate: str | None) -> ssl.SSLContext:
    """The system's certificate authorities, and this one; raises ssl.SSLError for what is none."""
    context = ssl.create_default_context()
    if certificate is not None:
        context.load_verify_locations(cadata=certificate)
    return context


class NoSettings(BaseModel):
    """Nothing to configure."""

    model_config = ConfigDict(extra="forbid")


class EmailChannelSettings(BaseModel):
    """What mails of a channel carry unless a step says otherwise; each may be Liquid (E-CHANNEL-3)."""

    model_config = ConfigDict(extra="forbid")

    from_address: str | None = None
    from_name: str | None = None
    to_address: str | None = None
    cc_address: str | None = None
    bcc_address: str | None = None
    reply_to_address: str | None = None


PROVIDER_SETTINGS: dict[str, type[BaseModel]] = {
    "email_smtp": SmtpSettings,
    "in_app_feed_knock": NoSettings,
    "in_app_guide_knock": NoSettings,
}
"""By provider id, as Knock writes them: `<channel type>_<vendor>`."""

PROVIDERS_OF: dict[ChannelType, tuple[str, ...]] = {
    ChannelType.EMAIL: ("email_smtp",),
    ChannelType.IN_APP_FEED: ("in_app_feed_knock",),
    ChannelType.IN_APP_GUIDE: ("in_app_guide_knock",),
}
"""The channel types that can be configured today, and who delivers them."""

CHANNEL_SETTINGS: dict[ChannelType, type[BaseModel]] = {
    ChannelType.EMAIL: EmailChannelSettings,
    ChannelType.IN_APP_FEED: NoSettings,
    ChannelType.IN_APP_GUIDE: NoSettings,
}


def exposed(settings: BaseModel) -> dict[str, Any]:
    """The settings as plain JSON, secrets included: to be sealed, never to be shown."""
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in settings.model_dump().items()
    }


def shown(settings: BaseModel) -> dict[str, Any]:
    """The settings as plain JSON without their secrets."""
    return {name: value for name, value in settings.model_dump().items() if not isinstance(value, SecretStr)}
