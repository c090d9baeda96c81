"""Composing chat messages (E-CHANNEL-5, E-CHANNEL-8)."""

from activities.composition.composed import Composed, NotComposed, Occasion, is_to_sink, name_of
from activities.composition.overrides import json_object
from workflows_engine.steps.channel import ChatStep


def compose(step: ChatStep, occasion: Occasion) -> Composed | NotComposed:
    """Raises TemplateError. Connections come with a later release: until then only a sink takes chats."""
    if not is_to_sink(occasion):
        return NotComposed("missing recipient data: the recipient has no chat connections on this channel")
    template = step.template
    blocks = None
    if template.markdown_body is not None:
        body = occasion.render(template.markdown_body)
        blocks = [{"name": "body", "type": "markdown", "content": body}]
    json_content = None
    if template.json_body is not None and template.json_body.strip():
        json_content = json_object(occasion.render(template.json_body), "json_body")
    content = {
        "__typename": "MessageChatContent",
        "connection": {},
        "metadata": None,
        "template": {
            "blocks": blocks,
            "json_content": json_content,
            "summary": None if template.summary is None else occasion.render(template.summary),
        },
    }
    return Composed(content=content, snapshot={"name": name_of(occasion)})
