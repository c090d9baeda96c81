"""Messages of our own rows as the mailbox shows them: every channel type but mails that came by SMTP."""

import json
from collections.abc import Callable
from typing import Any, Final

from psycopg.rows import DictRow

from cli.mailbox.cards import json_card
from cli.mailbox.messages import Origin, ReceivedMessage
from rendering.errors import TemplateError
from rendering.markdown import to_html
from rendering.text import from_html

Shown = dict[str, Any]


def read(row: DictRow) -> ReceivedMessage:
    """A row of `models.queries.mailbox` as a message; what a composer left out is empty."""
    shown = shown_of(row["channel_type"], row["content"])
    return ReceivedMessage.model_validate(
        {
            "id": row["id"],
            "channel_type": row["channel_type"],
            "from": row["channel_key"],
            "to": [_recipient(row)],
            "subject": "",
            "text": "",
            "html": "",
            "received_at": row["inserted_at"],
            "content": row["content"],
            "origin": Origin(
                workflow_key=row["workflow_key"],
                step_ref=row["step_ref"],
                channel_key=row["channel_key"],
                recipient=_recipient(row),
                tenant=row["tenant_id"],
                status=row["status"],
            ),
            **shown,
        }
    )


def shown_of(channel_type: str | None, content: dict[str, Any]) -> dict[str, Any]:
    """What of a rendered message is for reading: `subject`, `text` … as far as its channel has them."""
    return _BY_TYPE.get(channel_type or "", _unknown)(content)


def _recipient(row: DictRow) -> str:
    is_user = row["recipient_collection"] == "$users"
    return row["recipient_id"] if is_user else f"{row['recipient_collection']}/{row['recipient_id']}"


def _email(content: dict[str, Any]) -> Shown:
    to = [content["to"], *_split(content.get("cc")), *_split(content.get("bcc"))]
    return {
        "from": content["from"],
        "to": to,
        "subject": content["subject_line"],
        "text": content["text_body"],
        "html": content["html_body"],
    }


def _split(addresses: str | None) -> list[str]:
    return [one.strip() for one in (addresses or "").split(",") if one.strip()]


def _sms(content: dict[str, Any]) -> Shown:
    return {"to": [content["to"]], "text": content["body"]}


def _push(content: dict[str, Any]) -> Shown:
    return {"subject": content["title"], "text": content["body"]}


def _chat(content: dict[str, Any]) -> Shown:
    """A body of JSON is what is sent where there is one, whatever Markdown stands beside it."""
    template = content["template"]
    sent = template.get("json_content")
    if sent is not None:
        return {"subject": template.get("summary") or "", **json_card(sent)}
    text = "\n\n".join(block["content"] for block in template.get("blocks") or [])
    return {"subject": template.get("summary") or "", "text": text, "html": _markdown(text)}


def _markdown(text: str) -> str:
    try:
        return to_html(text)
    except TemplateError:  # Too long to be read as Markdown; its text is shown.
        return ""


def _http(content: dict[str, Any]) -> Shown:
    return {
        "to": [content["url"]],
        "subject": f"{content['method'].upper()} {content['url']}",
        "text": content.get("body") or "",
    }


def _feed(content: dict[str, Any]) -> Shown:
    bodies = [block["rendered"] for block in content["blocks"] if block["type"] == "markdown"]
    html = "".join(bodies)
    return {"text": from_html(html) if html else "", "html": html}


def _guide(content: dict[str, Any]) -> Shown:
    key = content.get("guide_key")
    return {"subject": f"Guide {key}" if key else "Guide"}


def _unknown(content: dict[str, Any]) -> Shown:
    return {"text": json.dumps(content, indent=2, ensure_ascii=False)}


_BY_TYPE: Final[dict[str, Callable[[dict[str, Any]], Shown]]] = {
    "email": _email,
    "sms": _sms,
    "push": _push,
    "chat": _chat,
    "http": _http,
    "in_app_feed": _feed,
    "in_app_guide": _guide,
}
