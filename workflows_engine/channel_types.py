"""The channel type of steps that leave it out, as the contract lets them: told by the template."""

from typing import Any

TOLD_BY = {
    "subject": "email",
    "title": "push",
    "url": "http",
    "json_body": "chat",
    "summary": "chat",
    # Chats have it too: a step that leaves its type out and holds nothing else is taken for a feed item.
    "markdown_body": "in_app_feed",
    "text_body": "sms",
}
"""By a key of the template, in the order in which they are looked for."""


def with_channel_types(steps: Any) -> Any:
    """The same steps as they were given, each channel step with its type where its template tells it."""
    return [_typed(step) for step in steps] if isinstance(steps, list) else steps


def _typed(step: Any) -> Any:
    if not isinstance(step, dict) or step.get("type") != "channel" or step.get("channel_type") is not None:
        return step
    template = step.get("template")
    keys = template if isinstance(template, dict) else {}
    told = next((channel_type for key, channel_type in TOLD_BY.items() if key in keys), None)
    return step if told is None else {**step, "channel_type": told}
