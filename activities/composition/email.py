"""Composing mails: addresses, subject, HTML with inlined styles, and the text part (E-TEMPLATE-16, -22)."""

from typing import Any

from activities.composition.composed import Composed, NotComposed, Occasion
from rendering.css import inline
from rendering.text import from_html
from workflows_engine.steps.channel import EmailStep

ADDRESSES = (
    "from_address",
    "from_name",
    "to_address",
    "cc_address",
    "bcc_address",
    "reply_to_address",
)


def compose(step: EmailStep, occasion: Occasion) -> Composed | NotComposed:
    """Raises TemplateError. The step's addresses win over the channel's; each is Liquid."""
    addresses = _addresses(step, occasion)
    recipient_email = occasion.scope["recipient"].get("email")
    to = addresses["to_address"] or (recipient_email if isinstance(recipient_email, str) else "")
    if not to:
        return NotComposed("missing recipient data: the recipient has no email")
    if not addresses["from_address"]:
        return NotComposed("channel not configured: it has no from_address in this environment")
    template = step.template
    pre_content = template.settings.pre_content or ""
    html = inline(occasion.render(pre_content + template.html_body))
    text = (
        from_html(html) if template.text_body is None else occasion.render(pre_content + template.text_body)
    )
    content = {
        "__typename": "MessageEmailContent",
        "from": addresses["from_address"],
        "to": to,
        "cc": addresses["cc_address"],
        "bcc": addresses["bcc_address"],
        "reply_to": addresses["reply_to_address"],
        "subject_line": " ".join(occasion.render(template.subject).split()),
        "html_body": html,
        "text_body": text,
    }
    name = occasion.scope["recipient"].get("name")
    return Composed(
        content=content,
        snapshot={"email": to, "name": name if isinstance(name, str) else None},
        sending={"from_name": addresses["from_name"]},
    )


def _addresses(step: EmailStep, occasion: Occasion) -> dict[str, str | None]:
    channel: dict[str, Any] = occasion.channel["channel_settings"]
    own: dict[str, Any] = step.channel_overrides.model_dump() if step.channel_overrides else {}
    found: dict[str, str | None] = {}
    for name in ADDRESSES:
        source = own.get(name) or channel.get(name)
        found[name] = occasion.render(source).strip() or None if isinstance(source, str) else None
    return found
