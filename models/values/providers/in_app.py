"""What is shown in one's own product: delivered by Tocsin itself, nothing to configure."""

from typing import Final

from models.values.kinds import ChannelType
from models.values.providers.settings import NoSettings, Provider

IN_APP: Final = (
    Provider("in_app_feed_knock", "In-app feed", ChannelType.IN_APP_FEED, NoSettings, is_built=True),
    Provider("in_app_guide_knock", "In-app guide", ChannelType.IN_APP_GUIDE, NoSettings),
)
