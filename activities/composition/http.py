"""Composing the requests of HTTP channels: every recipient gets one (E-CHANNEL-5, E-CHANNEL-6)."""

from typing import Any

from activities.composition.composed import Composed, Occasion, name_of
from workflows_engine.steps.channel import WebhookStep
from workflows_engine.templates import Pair

WITH_BODY = ("post", "put", "patch")


def lacks(step: WebhookStep, occasion: Occasion) -> str | None:
    """Raises TemplateError. A request whose URL renders to nothing is not sent."""
    url = occasion.render(step.template.url).strip()
    return None if url else "missing recipient data: the request's url is empty"


def compose(step: WebhookStep, occasion: Occasion) -> Composed:
    """Raises TemplateError."""
    template = step.template
    url = occasion.render(template.url).strip()
    has_body = template.body is not None and template.method in WITH_BODY
    content: dict[str, Any] = {
        "__typename": "MessageWebhookContent",
        "method": template.method,
        "url": url,
        "headers": _pairs(template.headers, occasion),
        "query_params": _pairs(template.query_params, occasion),
        "body": occasion.render(template.body or "") if has_body else None,
        # Knock's SDK knows no content of requests: with these two it takes this for a chat's, and reads on.
        "connection": {},
        "template": {},
    }
    return Composed(content=content, snapshot={"name": name_of(occasion)})


def _pairs(pairs: list[Pair] | None, occasion: Occasion) -> list[dict[str, str]]:
    return [{"key": occasion.render(pair.key), "value": occasion.render(pair.value)} for pair in pairs or []]
