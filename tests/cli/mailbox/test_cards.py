from typing import Any

from cli.mailbox.cards import json_card
from cli.mailbox.rendered import _BY_TYPE


def text(words: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": words}


def test_blocks_are_shown_as_their_texts_and_buttons() -> None:
    button = {"type": "button", "text": text("Open"), "url": "https://a.test/x"}
    blocks = [
        {"type": "header", "text": text("News")},
        {"type": "section", "text": text("Hi <b>\nyou"), "fields": [text("one")]},
        {"type": "divider"},
        {"type": "actions", "elements": [button, {"type": "button", "text": text("No")}]},
    ]
    assert json_card({"blocks": blocks}) == {
        "text": "News\n\nHi <b>\nyou\none\n\n---\n\n[Open] (https://a.test/x) [No]",
        "html": "<h3>News</h3>\n<p>Hi &lt;b&gt;<br>you<br>one</p>\n<hr>\n"
        "<p><button>Open</button> (https://a.test/x) <button>No</button></p>",
    }


def test_a_block_of_another_kind_and_what_holds_no_blocks_are_shown_as_json() -> None:
    image = {"type": "image", "alt_text": "<x>"}
    card = json_card({"blocks": [image]})
    assert '"alt_text": "<x>"' in card["text"]
    assert card["html"].startswith("<pre>{")
    assert "&lt;x&gt;" in card["html"]
    others: list[Any] = [{"text": "hello"}, [1], {"blocks": []}, {"blocks": "no"}]
    for odd in others:
        assert list(json_card(odd)) == ["text"]
    assert '"type": "section"' in json_card({"blocks": [{"type": "section", "text": "odd"}]})["text"]


def test_a_body_of_json_is_shown_also_beside_markdown() -> None:
    template = {
        "blocks": [{"name": "body", "type": "markdown", "content": "fallback"}],
        "json_content": {"blocks": [{"type": "header", "text": text("News")}]},
        "summary": None,
    }
    assert _BY_TYPE["chat"]({"template": template})["text"] == "News"
