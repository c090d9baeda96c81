"""Composing feed items: blocks with their source and what a browser shows (E-TEMPLATE-25, E-TEMPLATE-26)."""

from typing import Any

from activities.composition.composed import Composed, Occasion
from rendering.markdown import to_html
from workflows_engine.steps.channel import InAppFeedStep
from workflows_engine.templates import InAppFeedTemplate

BUTTON_NAMES = ("primary", "secondary")


def lacks(_: InAppFeedStep, occasion: Occasion) -> str | None:
    """Only users have feeds (E-CHANNEL-5)."""
    return None if occasion.standing.ref.is_user else "missing recipient data: only users have a feed"


def compose(step: InAppFeedStep, occasion: Occasion) -> Composed:
    """Raises TemplateError."""
    blocks = _blocks(step.template, occasion)
    return Composed(
        content={"__typename": "MessageInAppFeedContent", "blocks": blocks},
        snapshot={"user_id": occasion.standing.ref.id},
    )


def _blocks(template: InAppFeedTemplate, occasion: Occasion) -> list[dict[str, Any]]:
    body = template.markdown_body
    blocks: list[dict[str, Any]] = [
        {"name": "body", "type": "markdown", "content": body, "rendered": to_html(occasion.render(body))}
    ]
    if template.action_url is not None:
        url = template.action_url
        blocks.append(
            {"name": "action_url", "type": "text", "content": url, "rendered": occasion.render(url)}
        )
    if template.action_buttons:
        buttons = [
            {"name": name, "label": occasion.render(button.label), "action": occasion.render(button.action)}
            for name, button in zip(BUTTON_NAMES, template.action_buttons, strict=False)
        ]
        blocks.append({"name": "actions", "type": "button_set", "buttons": buttons})
    return blocks
