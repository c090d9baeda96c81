"""Composing text messages (E-CHANNEL-5)."""

from activities.composition.composed import Composed, NotComposed, Occasion, name_of
from activities.composition.overrides import overrides
from workflows_engine.steps.channel import SmsStep
from workflows_engine.templates import SmsTemplateSettings


def compose(step: SmsStep, occasion: Occasion) -> Composed | NotComposed:
    """Raises TemplateError. The step's `to_number` wins over the recipient's `phone_number`."""
    settings = step.template.settings or SmsTemplateSettings()
    own = occasion.render(settings.to_number).strip() if settings.to_number else ""
    phone = occasion.scope["recipient"].get("phone_number")
    to = own or (phone.strip() if isinstance(phone, str) else "")
    if not to:
        return NotComposed("missing recipient data: the recipient has no phone_number")
    content = {
        "__typename": "MessageSmsContent",
        "to": to,
        "body": occasion.render(step.template.text_body),
    }
    return Composed(
        content=content,
        snapshot={"name": name_of(occasion)},
        sending={"payload_overrides": overrides(settings.payload_overrides, occasion)},
    )
