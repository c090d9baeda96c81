"""Every provider that a channel may have, and what each may be configured with."""

from typing import Final

from models.values.kinds import ChannelType
from models.values.providers.channels import CHANNEL_SETTINGS
from models.values.providers.chat import CHAT
from models.values.providers.email import EMAIL, SmtpSettings, trust
from models.values.providers.http import HTTP
from models.values.providers.in_app import IN_APP
from models.values.providers.push import PUSH
from models.values.providers.settings import (
    HIDDEN,
    Provider,
    SettingsField,
    exposed,
    fields_of,
    is_liquid,
    shown,
)
from models.values.providers.sinks import SINK_CHANNELS, SINK_OF, SINKS
from models.values.providers.sms import SMS

PROVIDERS: Final[tuple[Provider, ...]] = (*EMAIL, *SMS, *PUSH, *CHAT, *IN_APP, *HTTP, *SINKS)

PROVIDER_OF_ID: Final = {provider.id: provider for provider in PROVIDERS}

WITHOUT_SETTINGS: Final = [one.id for one in PROVIDERS if not one.needs_settings and one not in SINKS]
"""Whose channels count as configured in every environment."""

SINK_IDS: Final = [sink.id for sink in SINKS]
"""Whose channels count as configured in development, and nowhere else."""


def providers_of(channel_type: ChannelType) -> list[Provider]:
    return [provider for provider in PROVIDERS if provider.channel_type is channel_type]


__all__ = [
    "CHANNEL_SETTINGS",
    "HIDDEN",
    "PROVIDERS",
    "PROVIDER_OF_ID",
    "SINKS",
    "SINK_CHANNELS",
    "SINK_IDS",
    "SINK_OF",
    "WITHOUT_SETTINGS",
    "Provider",
    "SettingsField",
    "SmtpSettings",
    "exposed",
    "fields_of",
    "is_liquid",
    "providers_of",
    "shown",
    "trust",
]
