"""Published content in the worker: E-TEMPLATE-4, -10, -17, -19, -24, -31, -32, -34; E-RUN-10."""

from dataclasses import dataclass
from typing import Any

import pytest

from activities.published import Published
from activities.steps.channel import ChannelSteps
from activities.versions import Versions
from models.database import Database
from models.ids import new_uuid
from models.tables.recipients import identify
from models.values.content import ContentType
from models.values.refs import TENANTS, RecipientRef
from tests.builders import email_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.runs import NOON, rows, write_run
from workflows_engine.effects.steps import Verdict

LAYOUT = {
    "name": "Default",
    "html_layout": '<html><head></head><body style="color: {{ vars.branding.primary_color }}">{{ content }}'
    "<i>{{ footer_links }}</i></body></html>",
    "text_layout": "{{ content }}\n-- \n{{ footer_links }}",
    "footer_links": [{"text": "Home", "url": "https://{{ vars.branding.slogan }}.example"}],
    "branding_overrides": {"primary_color": "#222222"},
}
MJML = {
    "name": "M",
    "html_layout": "<mjml><mj-body><mj-section><mj-column>{{ content }}</mj-column></mj-section>"
    "</mj-body></mjml>",
    "text_layout": "{{ content }}",
    "is_mjml": True,
}


@dataclass
class Sending:
    """One environment, and the messages that its workflow `hello` makes."""

    database: Database
    environment: TestEnvironment

    def __post_init__(self) -> None:
        self.steps = ChannelSteps(self.database, Versions(SEALER))

    async def publish(self, content_type: ContentType, key: str, content: dict[str, Any]) -> None:
        await publish(self.database, self.environment, key, content, content_type)

    async def partial(self, key: str, content: str, **more: Any) -> None:
        await self.publish(
            ContentType.PARTIAL, key, {"type": "html", "name": key, "content": content, **more}
        )

    async def translate(self, key: str, content: str, format: str = "json") -> None:
        await self.publish(ContentType.TRANSLATION, key, {"format": format, "content": content})

    async def mail_step(self, layout: str | None = None, **template: Any) -> None:
        body = {"subject": "S", "settings": {"layout_key": layout}, **template}
        await self.publish(ContentType.WORKFLOW, "hello", workflow(email_step(template=body)))

    async def send(self, recipient: Any = None, step: str = "email_1", **trigger: Any) -> dict[str, Any]:
        """The content of a message that a new run makes."""
        run = await write_run(self.database, self.environment, "hello", recipient, **trigger)
        composed = await self.steps.compose_messages(run.ask(step))
        assert composed.verdict is Verdict.DONE, composed.reason
        (message,) = await rows(
            self.database, "SELECT content FROM messages WHERE recipient_run_id = %s", run.id
        )
        return message["content"]  # type: ignore[no-any-return]

    async def tenant(self, branding: dict[str, str]) -> str:
        ref = RecipientRef(collection=TENANTS, id="acme")
        async with self.database.transaction() as connection:
            properties = {"settings": {"branding": branding}}
            await identify(connection, self.environment.id, ref, properties, NOON)
        return ref.id

    async def archive(self, content_type: ContentType, key: str) -> str:
        """Answers the id of the version that was published until now."""
        async with self.database.transaction() as connection:
            cursor = await connection.execute(
                """
                UPDATE resources SET archived_at = now() WHERE environment_id = %s AND type = %s AND key = %s
                RETURNING current_version_id
                """,
                (self.environment.id, content_type, key),
            )
            row = await cursor.fetchone()
        assert row is not None
        return str(row["current_version_id"])


@pytest.fixture
async def sending(database: Database, environment: TestEnvironment) -> Sending:
    return Sending(database, environment)


async def test_a_mail_stands_in_its_published_layout(sending: Sending) -> None:
    await sending.publish(ContentType.EMAIL_LAYOUT, "default", LAYOUT)
    await sending.mail_step("default", html_body="<p>Hi {{ recipient.name }}</p>")

    content = await sending.send()

    assert '<body style="color: #222222"><p>Hi Ada</p><i><a href="https://.example">' in content["html_body"]
    assert content["text_body"] == "Hi Ada\n-- \nHome: https://.example"


async def test_the_tenants_branding_goes_before_the_layouts(sending: Sending) -> None:
    await sending.publish(ContentType.EMAIL_LAYOUT, "default", LAYOUT)
    await sending.mail_step("default", html_body="<p>{{ vars.branding.primary_color_contrast }}</p>")
    tenant = await sending.tenant({"primary_color": "#333333", "slogan": "acme"})

    html = (await sending.send(tenant_id=tenant))["html_body"]

    assert "color: #333333" in html
    assert "<p>#FFFFFF</p>" in html
    assert 'href="https://acme.example"' in html


async def test_a_commit_of_a_partial_shows_in_the_next_step(sending: Sending) -> None:
    await sending.partial("greeting", "<b>Hello {{ name }}</b>")
    await sending.mail_step(html_body="{% render 'greeting', name: recipient.name %}")
    before = await sending.send()
    await sending.partial("greeting", "<b>Goodbye {{ name }}</b>")
    after = await sending.send()
    assert (before["text_body"], after["text_body"]) == ("Hello Ada", "Goodbye Ada")


async def test_blocks_partials_and_mjml_make_one_mail(sending: Sending) -> None:
    await sending.publish(ContentType.EMAIL_LAYOUT, "m", MJML)
    schema = [{"type": "list", "key": "items", "label": "Items"}]
    await sending.partial(
        "list",
        "<style>.l{color:red}</style><ul class=l>{% for i in items %}<li>{{ i.n }}</li>{% endfor %}</ul>",
        input_schema=schema,
    )
    await sending.mail_step(
        "m",
        visual_blocks=[
            {"type": "markdown", "content": "# Hi {{ recipient.name }}"},
            {"type": "partial", "key": "list", "name": "List", "attrs": {"items": "{{ data.items }}"}},
            {"type": "button_set", "buttons": [{"label": "Go", "action": "/go", "variant": "solid"}]},
        ],
    )

    content = await sending.send(data={"items": [{"n": "one"}, {"n": "two"}]})

    assert "mj-column-per-100" in content["html_body"]
    assert '<ul class="l" style="color: red;"><li>one</li><li>two</li></ul>' in content["html_body"]
    assert 'class="block-button block-button--solid block-button--md"' in content["html_body"]
    assert content["text_body"].split() == ["Hi", "Ada", "*", "one", "*", "two", "[Go](/go)"]


async def test_a_recipient_reads_their_language_and_their_tenants_words(sending: Sending) -> None:
    await sending.translate("en", '{"hi": "Hello {{ name }}", "bye": "Bye"}')
    await sending.translate("de", '{"hi": "Hallo {{ name }}", "Yours": "Deins"}')
    await sending.translate("en~acme", '{"bye": "Acme says bye"}')
    await sending.translate("de/shop", 'msgid "bye"\nmsgstr "Servus"\n', "po")
    body = (
        '{{ "hi" | t: name: recipient.name }}, {{ "bye" | t }}, {{ "shop:bye" | t }}, {% t %}Yours{% endt %}'
    )
    step = in_app_step(body=body)
    await sending.publish(ContentType.WORKFLOW, "hello", workflow(step))

    async def reads(locale: str | None, **trigger: Any) -> str:
        ada = {"id": "ada", "name": "Ada", "locale": locale}
        content = await sending.send(ada, "in_app_1", **trigger)
        return str(content["blocks"][0]["rendered"]).strip()

    assert await reads("de-AT") == "<p>Hallo Ada, Bye, Servus, Deins</p>"
    assert await reads(None) == "<p>Hello Ada, Bye, , Yours</p>"
    assert await reads("de", tenant_id="acme") == "<p>Hallo Ada, Acme says bye, Servus, Deins</p>"


async def test_a_workflow_goes_on_with_a_partial_that_was_archived_since(sending: Sending) -> None:
    await sending.partial("inner", "<i>{{ x }}</i>")
    await sending.partial("outer", "<b>{% render 'inner', x: x %}</b>")
    await sending.mail_step(html_body="{% render 'outer', x: recipient.name %}")
    await sending.archive(ContentType.PARTIAL, "inner")
    await sending.archive(ContentType.PARTIAL, "outer")
    # A commit of anything else has the content read again.
    await sending.partial("other", "x")

    assert "<b><i>Ada</i></b>" in (await sending.send())["html_body"]


async def test_an_archived_partial_goes_on_where_it_was_published_and_nowhere_else(sending: Sending) -> None:
    await sending.partial("old", "<b>old {{ x }}</b>")
    version_id = await sending.archive(ContentType.PARTIAL, "old")
    published = Published()
    async with sending.database.connection() as connection:
        with_it = await published.get(connection, sending.environment.id, 1, {"old": version_id})
        again = await published.get(connection, sending.environment.id, 1, {"old": version_id})
        without = await published.get(connection, sending.environment.id, 1, {})

    assert with_it.partials["old"].content == "<b>old {{ x }}</b>"
    assert again.partials == with_it.partials
    assert without.partials["old"].content == ""


async def test_content_is_read_once_for_each_commit(sending: Sending) -> None:
    environment_id = sending.environment.id
    await sending.partial("p", "one")
    published = Published()
    async with sending.database.connection() as connection:
        first = await published.get(connection, environment_id, 1, {})
        await sending.partial("p", "two")
        same = await published.get(connection, environment_id, 1, {})
        next_one = await published.get(connection, environment_id, 2, {})
    assert same is first
    assert (first.partials["p"].content, next_one.partials["p"].content) == ("one", "two")


async def test_one_environments_content_is_not_anothers(sending: Sending) -> None:
    await sending.partial("p", "mine")
    async with sending.database.connection() as connection:
        other = await Published().get(connection, new_uuid(), 1, {})
    assert (other.partials, other.layouts) == ({}, {})


async def test_an_archived_layout_goes_on_for_what_was_published_with_it(sending: Sending) -> None:
    await sending.publish(ContentType.EMAIL_LAYOUT, "gone", LAYOUT)
    await sending.mail_step("gone", html_body="x")
    await sending.archive(ContentType.EMAIL_LAYOUT, "gone")
    run = await write_run(sending.database, sending.environment, "hello")

    composed = await sending.steps.compose_messages(run.ask("email_1"))

    assert composed.verdict is Verdict.DONE
