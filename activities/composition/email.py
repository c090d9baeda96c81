"""Composing mails: addresses, subject, and the body in its layout (E-TEMPLATE-16 to E-TEMPLATE-22)."""

from typing import Any, Final
from uuid import UUID

from cachetools import LRUCache

from activities.composition.composed import Composed, Occasion, name_of
from activities.scopes import branding_of
from rendering.blocks import BASE_STYLES, blocks_to_html
from rendering.environment import TemplateError
from rendering.layouts import Body, Composition, Layout, Mail
from workflows_engine.steps.channel import EmailStep

ADDRESSES = (
    "from_address",
    "from_name",
    "cc_address",
    "bcc_address",
    "reply_to_address",
)


def lacks(step: EmailStep, occasion: Occasion) -> str | None:
    """Raises TemplateError."""
    if not _to(step, occasion):
        return "missing recipient data: the recipient has no email"
    if not _address("from_address", step, occasion):
        return "channel not configured: it has no from_address in this environment"
    return None


def compose(step: EmailStep, occasion: Occasion) -> Composed:
    """Raises TemplateError."""
    addresses = {name: _address(name, step, occasion) for name in ADDRESSES}
    to = _to(step, occasion)
    mail = _mail(step, occasion)
    content = {
        "__typename": "MessageEmailContent",
        "from": addresses["from_address"],
        "to": to,
        "cc": addresses["cc_address"],
        "bcc": addresses["bcc_address"],
        "reply_to": addresses["reply_to_address"],
        "subject_line": " ".join(occasion.render(step.template.subject).split()),
        "html_body": mail.html,
        "text_body": mail.text,
    }
    return Composed(
        content=content,
        snapshot={"email": to, "name": name_of(occasion)},
        sending={"from_name": addresses["from_name"]},
    )


def _mail(step: EmailStep, occasion: Occasion) -> Mail:
    layout = _layout(step, occasion)
    variables = occasion.scope["vars"] | {
        "branding": branding_of(occasion.standing, None if layout is None else layout.branding_overrides)
    }
    scope = occasion.scope | {"vars": variables}
    body = _body(step, occasion, in_mjml=layout is not None and layout.is_mjml)
    return Composition(body, layout, scope, now=occasion.now, content=occasion.content).render()


def _layout(step: EmailStep, occasion: Occasion) -> Layout | None:
    key = step.template.settings.layout_key
    if not key:
        return None
    layout = occasion.standing.around.layouts.get(key)
    if layout is None:
        raise TemplateError(f"there is no published email layout '{key}'")
    if step.template.is_mjml and not layout.is_mjml:
        raise TemplateError(f"the body is MJML, but its layout '{key}' is not")
    return layout


def _body(step: EmailStep, occasion: Occasion, *, in_mjml: bool) -> Body:
    """The step's body; what its blocks stand for is worked out once for each version of a workflow."""
    key = (occasion.standing.version.id, step.ref, in_mjml)
    body = _BODIES.get(key)
    if body is None:
        body = _BODIES[key] = _read_body(step, in_mjml=in_mjml)
    return body


_BODIES: Final[LRUCache[tuple[UUID, str, bool], Body]] = LRUCache(1_000)


def _read_body(step: EmailStep, *, in_mjml: bool) -> Body:
    template = step.template
    blocks = None
    if template.visual_blocks is not None:
        blocks = [block.model_dump(exclude_none=True) for block in template.visual_blocks]
    return Body(
        html=template.html_body or "" if blocks is None else blocks_to_html(blocks, in_mjml=in_mjml),
        text=template.text_body,
        pre_content=template.settings.pre_content or "",
        is_mjml=bool(template.is_mjml),
        styles=() if blocks is None else (BASE_STYLES,),
    )


def _to(step: EmailStep, occasion: Occasion) -> str:
    email = occasion.scope["recipient"].get("email")
    return _address("to_address", step, occasion) or (email if isinstance(email, str) else "")


def _address(name: str, step: EmailStep, occasion: Occasion) -> str | None:
    """The step's own wins over the channel's; each is Liquid (E-CHANNEL-3)."""
    channel: dict[str, Any] = occasion.channel["channel_settings"]
    own = getattr(step.channel_overrides, name) if step.channel_overrides else None
    source = own or channel.get(name)
    return occasion.render(source).strip() or None if isinstance(source, str) else None
