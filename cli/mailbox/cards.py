"""A chat message of JSON as the mailbox shows it: the texts and buttons of Slack's blocks, else the JSON."""

import json
from html import escape
from typing import Any


def json_card(sent: Any) -> dict[str, str]:
    """`text` and `html`. A block of another kind is shown as its JSON; so is what holds no blocks."""
    blocks = sent.get("blocks") if isinstance(sent, dict) else None
    if not isinstance(blocks, list) or not blocks:
        return {"text": _json(sent)}
    shown = [_block(block) for block in blocks]
    return {
        "text": "\n\n".join(text for text, _ in shown if text),
        "html": "\n".join(html for _, html in shown if html),
    }


def _block(block: Any) -> tuple[str, str]:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "divider":
        return "---", "<hr>"
    if kind == "header" and (text := _text(block.get("text"))):
        return text, f"<h3>{escape(text)}</h3>"
    if kind == "section" and (text := _section(block)):
        button = _button(block.get("accessory"))
        html = f"<p>{_lines(text)}</p>"
        return (f"{text}\n{button[0]}", html + button[1]) if button else (text, html)
    if kind == "actions" and isinstance(block.get("elements"), list):
        buttons = [_button(one) for one in block["elements"]]
        if buttons and None not in buttons:
            told = [one for one in buttons if one]
            return " ".join(text for text, _ in told), f"<p>{' '.join(html for _, html in told)}</p>"
    return _json(block), f"<pre>{escape(_json(block))}</pre>"


def _section(block: dict[str, Any]) -> str:
    fields = block.get("fields")
    texts = [block.get("text"), *(fields if isinstance(fields, list) else [])]
    return "\n".join(filter(None, map(_text, texts)))


def _button(element: Any) -> tuple[str, str] | None:
    """A button leads nowhere here: its address is told beside it."""
    if not isinstance(element, dict) or element.get("type") != "button":
        return None
    label, url = _text(element.get("text")), element.get("url")
    where = f" ({url})" if isinstance(url, str) and url else ""
    return f"[{label}]{where}", f"<button>{escape(label)}</button>{escape(where)}"


def _text(value: Any) -> str:
    text = value.get("text") if isinstance(value, dict) else None
    return text if isinstance(text, str) else ""


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
