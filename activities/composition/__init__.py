"""Composers by channel type: the visible list."""

from typing import Any

from activities.composition import email, in_app_feed
from activities.composition.composed import Composed, NotComposed, Occasion
from models.values.kinds import ChannelType


def compose(step: Any, occasion: Occasion) -> Composed | NotComposed:
    """Render what this step sends; raises TemplateError. A type without a composer cannot be published."""
    match ChannelType(step.channel_type):
        case ChannelType.IN_APP_FEED:
            return in_app_feed.compose(step, occasion)
        case ChannelType.EMAIL:
            return email.compose(step, occasion)
        case other:
            raise LookupError(f"nothing composes {other} messages")
