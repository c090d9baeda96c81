"""Composers by channel type: the visible list."""

from collections.abc import Callable
from typing import Any, Final

from activities.composition import chat, email, http, in_app_feed, in_app_guide, push, sms
from activities.composition.composed import Composed, Occasion

COMPOSERS: Final[dict[str, Callable[[Any, Occasion], Composed]]] = {
    "email": email.compose,
    "in_app_feed": in_app_feed.compose,
    "in_app_guide": in_app_guide.compose,
    "sms": sms.compose,
    "push": push.compose,
    "chat": chat.compose,
    "http": http.compose,
}
LACKS: Final[dict[str, Callable[[Any, Occasion], str | None]]] = {
    "email": email.lacks,
    "in_app_feed": in_app_feed.lacks,
    "in_app_guide": in_app_guide.lacks,
    "sms": sms.lacks,
    "http": http.lacks,
}
"""Pushes and chats need channel data, which is asked for before (`activities/destinations.py`)."""


def lacks(step: Any, occasion: Occasion) -> str | None:
    """What the recipient or the channel would need for a message and lacks; raises TemplateError."""
    ask = LACKS.get(step.channel_type)
    return None if ask is None else ask(step, occasion)


def compose(step: Any, occasion: Occasion) -> Composed:
    """Render what this step sends to whoever lacks nothing; raises TemplateError."""
    return COMPOSERS[step.channel_type](step, occasion)
