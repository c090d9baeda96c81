"""Composers by channel type: the visible list."""

from collections.abc import Callable
from typing import Any, Final

from activities.composition import chat, email, http, in_app_feed, in_app_guide, push, sms
from activities.composition.composed import Composed, NotComposed, Occasion

COMPOSERS: Final[dict[str, Callable[[Any, Occasion], Composed | NotComposed]]] = {
    "email": email.compose,
    "in_app_feed": in_app_feed.compose,
    "in_app_guide": in_app_guide.compose,
    "sms": sms.compose,
    "push": push.compose,
    "chat": chat.compose,
    "http": http.compose,
}


def compose(step: Any, occasion: Occasion) -> Composed | NotComposed:
    """Render what this step sends; raises TemplateError. Each type of channel step has its composer."""
    return COMPOSERS[step.channel_type](step, occasion)
