"""Composing push notifications (E-CHANNEL-5, E-CHANNEL-8)."""

from activities.composition.composed import Composed, Occasion, name_of
from activities.composition.overrides import overrides
from workflows_engine.steps.channel import PushStep


def compose(step: PushStep, occasion: Occasion) -> Composed:
    """Raises TemplateError. One message goes to one device; at a sink perhaps to none."""
    template = step.template
    content = {
        "__typename": "MessagePushContent",
        "token": occasion.destination.token,
        "title": occasion.render(template.title),
        "body": occasion.render(template.text_body),
        "data": None,
    }
    sending = {
        "delivery_type": template.settings.delivery_type,
        "payload_overrides": overrides(template.settings.payload_overrides, occasion),
    }
    return Composed(content=content, snapshot={"name": name_of(occasion)}, sending=sending)
