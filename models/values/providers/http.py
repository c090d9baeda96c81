"""The settings of the webhook channel."""

from typing import Final

from pydantic import Field

from models.values.kinds import ChannelType
from models.values.providers.settings import Provider, ProviderSettings, Secret


class WebhookSettings(ProviderSettings):
    """How requests are signed; the request itself is among the channel settings."""

    signing_key: Secret | None = Field(
        default=None,
        description="Signs each request in the header `x-webhook-signature`; absent: not signed.",
    )


HTTP: Final = (Provider("http_knock_webhook", "Webhook", ChannelType.HTTP, WebhookSettings),)
