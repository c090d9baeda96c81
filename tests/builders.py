"""Small workflows and steps for tests, in the shape their authors write."""

from typing import Any

Step = dict[str, Any]


def in_app_step(ref: str = "in_app_1", body: str = "Hello {{ recipient.name }}", **more: Any) -> Step:
    template = {"markdown_body": body, "action_url": "{{ data.url }}"}
    return {
        "type": "channel",
        "ref": ref,
        "channel_type": "in_app_feed",
        "channel_key": "in-app",
        "template": template,
        **more,
    }


def email_step(ref: str = "email_1", subject: str = "Hello {{ recipient.name }}", **more: Any) -> Step:
    template = {"subject": subject, "html_body": "<p>{{ total_activities }} for {{ recipient.id }}</p>"}
    return {
        "type": "channel",
        "ref": ref,
        "channel_type": "email",
        "channel_key": "email",
        "template": template,
        **more,
    }


def delay_step(ref: str = "delay_1", unit: str = "days", value: int = 1, **more: Any) -> Step:
    return {"type": "delay", "ref": ref, "settings": {"delay_for": {"unit": unit, "value": value}}, **more}


def batch_step(ref: str = "batch_1", seconds: int = 2, key: str | None = None, **more: Any) -> Step:
    settings: dict[str, Any] = {"batch_window": {"unit": "seconds", "value": seconds}, "batch_key": key}
    return {"type": "batch", "ref": ref, "settings": settings | more}


def fetch_step(ref: str = "fetch_1", url: str = "", **settings: Any) -> Step:
    return {"type": "http_fetch", "ref": ref, "settings": {"method": "get", "url": url, **settings}}


def workflow(*steps: Step, **more: Any) -> dict[str, Any]:
    return {"name": "A workflow", "steps": list(steps), **more}
