"""The mailbox beside a database: what development's sinks and in-app channels hold."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.mailbox.everything import Everything
from cli.mailbox.kept import KeptMessages
from cli.mailbox.messages import receive_mail
from cli.mailbox.page import create_page
from cli.mailbox.store import MessageStore
from models.database import Database
from tests.builders import email_step, in_app_step, workflow
from tests.development import as_development
from tests.environments import TestEnvironment
from tests.every_step import channel
from tests.virtual_time import VirtualTime

FEED = {
    "markdown_body": "Hi **{{ recipient.name }}**",
    "action_buttons": [{"label": "Open", "action": "https://a.test"}],
}
STEPS = [
    channel("sms", {"text_body": "Your code is 1234"}),
    channel("push", {"title": "Ping", "text_body": "Pong", "settings": {"delivery_type": "content"}}),
    channel("chat", {"markdown_body": "*hey* <script>alert(1)</script>", "summary": "hey"}),
    channel("http", {"method": "post", "url": "https://a.test/hook", "body": "{}"}),
    channel("in_app_guide", guide_key=None),
    in_app_step("in_app_feed", template=FEED),
    email_step("email", channel_key="postmark", template={"subject": "Hello", "html_body": "<p>a mail</p>"}),
]
ADA = {"id": "ada", "name": "Ada", "email": "ada@example.com", "phone_number": "+4912345"}


class Page:
    """The mailbox's page, asked over HTTP without a server."""

    def __init__(self, database: Database | None, folder: Path) -> None:
        self.store = MessageStore(folder)
        kept = None if database is None else KeptMessages(database, folder)
        self._app = create_page(Everything(self.store, kept))

    async def ask(self, path: str, method: str = "GET") -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mailbox") as client:
            return await client.request(method, path)

    async def messages(self, query: str = "") -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = (await self.ask(f"/api/messages{query}")).json()
        return listed


@pytest.fixture
async def development(virtual: VirtualTime, environment: TestEnvironment) -> AsyncIterator[TestEnvironment]:
    async with as_development(virtual.database, environment) as lent:
        await virtual.publish(lent, "notify", workflow(*STEPS))
        await virtual.trigger(lent, "notify", ADA)
        yield lent


async def test_every_channel_type_is_listed_in_the_shape_of_a_mail(
    virtual: VirtualTime, development: TestEnvironment, tmp_path: Path
) -> None:
    listed = await Page(virtual.database, tmp_path).messages()
    shown = {message.pop("channel_type"): message for message in listed}
    keys = {"id", "from", "to", "subject", "text", "html", "received_at"}
    assert all(set(message) == keys for message in shown.values())
    told = {name: [one["to"], one["subject"], one["text"], one["html"]] for name, one in shown.items()}
    assert told == {
        "sms": [["+4912345"], "", "Your code is 1234", ""],
        "push": [["ada"], "Ping", "Pong", ""],
        "chat": [
            ["ada"],
            "hey",
            "*hey* <script>alert(1)</script>",
            "<p><em>hey</em> &lt;script&gt;alert(1)&lt;/script&gt;</p>\n",
        ],
        "http": [["https://a.test/hook"], "POST https://a.test/hook", "{}", ""],
        "in_app_guide": [["ada"], "Guide", "", ""],
        "in_app_feed": [["ada"], "", "Hi Ada", "<p>Hi <strong>Ada</strong></p>\n"],
        "email": [["ada@example.com"], "Hello", "a mail", shown["email"]["html"]],
    }
    assert "a mail" in shown["email"]["html"]
    assert (shown["sms"]["from"], shown["email"]["from"]) == ("sink-sms", "sink@tocsin.localhost")


async def test_mails_and_other_messages_are_one_list_with_the_newest_first(
    virtual: VirtualTime, development: TestEnvironment, tmp_path: Path
) -> None:
    page = Page(virtual.database, tmp_path)
    page.store.add(receive_mail(b"Subject: by SMTP\r\n\r\nhi", "a@example.com", ["b@example.com"]))
    listed = await page.messages()
    assert len(listed) == len(STEPS) + 1
    assert "by SMTP" in [message["subject"] for message in listed]
    moments = [message["received_at"] for message in listed]
    assert moments == sorted(moments, reverse=True)
    assert len(await page.messages("?limit=2")) == 2
    assert [message["channel_type"] for message in await page.messages("?channel_type=sms")] == ["sms"]
    assert len(await page.messages("?channel_type=email")) == 2


async def test_a_brief_list_has_first_words_instead_of_bodies(
    virtual: VirtualTime, development: TestEnvironment, tmp_path: Path
) -> None:
    listed = await Page(virtual.database, tmp_path).messages("?brief&channel_type=sms")
    assert [message["subject"] for message in listed] == ["Your code is 1234"]
    assert not {"text", "html"} & set(listed[0])


async def test_an_opened_message_tells_its_content_and_where_it_comes_from(
    virtual: VirtualTime, development: TestEnvironment, tmp_path: Path
) -> None:
    page = Page(virtual.database, tmp_path)
    (listed,) = await page.messages("?channel_type=in_app_feed")
    opened = (await page.ask(f"/api/messages/{listed['id']}")).json()
    assert [block["name"] for block in opened["content"]["blocks"]] == ["body", "actions"]
    assert opened["origin"] == {
        "workflow_key": "notify",
        "step_ref": "in_app_feed",
        "channel_key": "in-app",
        "recipient": "ada",
        "tenant": None,
        "status": "delivered",
    }


async def test_deleting_all_hides_what_came_before_and_over_a_restart(
    virtual: VirtualTime, development: TestEnvironment, tmp_path: Path
) -> None:
    page = Page(virtual.database, tmp_path)
    assert (await page.ask("/api/messages", "DELETE")).status_code == 204
    # The runs' clock is ahead of the real one by all that was skipped.
    (tmp_path / "cleared").write_text((await virtual.now()).isoformat())
    assert await page.messages() == []
    assert await Page(virtual.database, tmp_path).messages() == []
    await virtual.trigger(development, "notify", ADA)
    assert len(await page.messages()) == len(STEPS)


async def test_what_another_environment_holds_is_not_shown(
    virtual: VirtualTime, environment: TestEnvironment, tmp_path: Path
) -> None:
    await virtual.publish(environment, "elsewhere", workflow(in_app_step()))
    await virtual.trigger(environment, "elsewhere")
    assert await Page(virtual.database, tmp_path).messages() == []


async def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    gone = Database("postgresql://nobody@127.0.0.1:9/none", pool_size=1, patience_seconds=0.2)
    await gone.pool.open(wait=False)
    answer = await Page(gone, tmp_path).ask("/api/messages")
    await gone.close()
    assert (answer.status_code, answer.json()) == (503, {"message": "the database does not answer"})


async def test_without_a_database_only_mails_are_shown(tmp_path: Path) -> None:
    page = Page(None, tmp_path)
    page.store.add(receive_mail(b"Subject: by SMTP\r\n\r\nhi", "a@example.com", ["b@example.com"]))
    assert [message["subject"] for message in await page.messages()] == ["by SMTP"]


@pytest.mark.parametrize("file", ["/", "/mailbox.css", "/mailbox.js", "/shapes.js"])
async def test_every_file_of_the_page_forbids_foreign_scripts(tmp_path: Path, file: str) -> None:
    answer = await Page(None, tmp_path).ask(file)
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]
