"""The settings of the chat providers."""

from typing import Final, Literal

from pydantic import Field

from models.values.kinds import ChannelType
from models.values.providers.settings import Provider, ProviderSettings, Secret, Text


class SlackSettings(ProviderSettings):
    """Slack; incoming webhooks need none of them."""

    app_id: Text | None = Field(default=None, description="Of the Slack app.")
    client_id: Text | None = Field(default=None, description="Of the Slack app, to connect workspaces.")
    client_secret: Secret | None = Field(default=None, description="Of the Slack app.")


class MsTeamsSettings(ProviderSettings):
    """Microsoft Teams; incoming webhooks need no bot."""

    companions = {"bot_type": {"single_tenant": ("entra_tenant_id",)}}

    bot_id: Text | None = Field(default=None, description="The bot's app id.")
    bot_password: Secret | None = Field(default=None, description="The bot's client secret.")
    bot_type: Literal["single_tenant", "multi_tenant"] | None = Field(
        default=None, description="As the bot was registered."
    )
    entra_tenant_id: Text | None = Field(default=None, description="The tenant that the bot belongs to.")
    graph_client_id: Text | None = Field(default=None, description="To list teams and channels.")
    graph_client_secret: Secret | None = Field(default=None, description="Of that client.")


class DiscordSettings(ProviderSettings):
    """Discord; incoming webhooks need no bot."""

    bot_token: Secret | None = Field(default=None, description="Of the bot that posts.")


class WhatsappSettings(ProviderSettings):
    """WhatsApp's Cloud API."""

    access_token: Secret = Field(description="Of a system user that may send messages.")
    phone_number_id: Text = Field(description="Of the sending number.")


_CHAT = ChannelType.CHAT

CHAT: Final = (
    Provider("chat_slack", "Slack", _CHAT, SlackSettings),
    Provider("chat_ms_teams", "Microsoft Teams", _CHAT, MsTeamsSettings),
    Provider("chat_discord", "Discord", _CHAT, DiscordSettings),
    Provider("chat_whatsapp", "WhatsApp", _CHAT, WhatsappSettings),
)
