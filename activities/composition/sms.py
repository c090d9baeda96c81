"""Composing text messages (E-CHANNEL-5)."""

from activities.composition.composed import Composed, Occasion, name_of
from activities.composition.overrides import overrides
from workflows_engine.steps.channel import SmsStep
from workflows_engine.templates import SmsTemplateSettings


def lacks(step: SmsStep, occasion: Occasion) -> str | None:
    """Raises TemplateError."""
    return None if _to(step, occasion) else "missing recipient data: the recipient has no phone_number"


def compose(step: SmsStep, occasion: Occasion) -> Composed:
    """Raises TemplateError."""
    settings = step.template.settings or SmsTemplateSettings()
    content = {
        "__typename": "MessageSmsContent",
        "to": _to(step, occasion),
        "body": occasion.render(step.template.text_body),
    }
    return Composed(
        content=content,
        snapshot={"name": name_of(occasion)},
        sending={"payload_overrides": overrides(settings.payload_overrides, occasion)},
    )


def _to(step: SmsStep, occasion: Occasion) -> str:
    """The step's `to_number` wins over the recipient's `phone_number`."""
    source = step.template.settings.to_number if step.template.settings else None
    phone = occasion.scope["recipient"].get("phone_number")
    own = occasion.render(source).strip() if source else ""
    return own or (phone.strip() if isinstance(phone, str) else "")
