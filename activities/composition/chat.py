"""Composing chat messages (E-CHANNEL-5, E-CHANNEL-8)."""

from typing import Any

from activities.composition.composed import Composed, Occasion, name_of
from activities.composition.overrides import json_object
from workflows_engine.steps.channel import ChatStep

SECRETS = ("access_token", "incoming_webhook")
"""What opens the door to a connection: the message's content shows that it is there, not what it is."""


def compose(step: ChatStep, occasion: Occasion) -> Composed:
    """Raises TemplateError. One message goes to one connection; at a sink perhaps to none."""
    template = step.template
    connection = occasion.destination.connection
    blocks = None
    if template.markdown_body is not None:
        body = occasion.render(template.markdown_body)
        blocks = [{"name": "body", "type": "markdown", "content": body}]
    json_content = None
    if template.json_body is not None and template.json_body.strip():
        json_content = json_object(occasion.render(template.json_body), "json_body")
    content = {
        "__typename": "MessageChatContent",
        "connection": {name: None if name in SECRETS else value for name, value in connection.items()},
        "metadata": None,
        "template": {
            "blocks": blocks,
            "json_content": json_content,
            "summary": None if template.summary is None else occasion.render(template.summary),
        },
    }
    return Composed(content, _snapshot(occasion), {"connection": dict(connection)} if connection else None)


def _snapshot(occasion: Occasion) -> dict[str, Any]:
    connection = occasion.destination.connection
    return {
        "name": name_of(occasion),
        "channel_id": connection.get("channel_id") or connection.get("ms_teams_channel_id"),
        "user_id": connection.get("user_id") or connection.get("ms_teams_user_id"),
        "via_incoming_webhook": bool(connection.get("incoming_webhook")) if connection else None,
    }
