"""Composing push notifications (E-CHANNEL-5, E-CHANNEL-8)."""

from activities.composition.composed import Composed, NotComposed, Occasion, is_to_sink, name_of
from activities.composition.overrides import overrides
from workflows_engine.steps.channel import PushStep


def compose(step: PushStep, occasion: Occasion) -> Composed | NotComposed:
    """Raises TemplateError. Tokens come with a later release: until then only a sink takes pushes."""
    if not is_to_sink(occasion):
        return NotComposed("missing recipient data: the recipient has no push tokens on this channel")
    template = step.template
    content = {
        "__typename": "MessagePushContent",
        "token": "",
        "title": occasion.render(template.title),
        "body": occasion.render(template.text_body),
        "data": None,
    }
    sending = {
        "delivery_type": template.settings.delivery_type,
        "payload_overrides": overrides(template.settings.payload_overrides, occasion),
    }
    return Composed(content=content, snapshot={"name": name_of(occasion)}, sending=sending)
