"""Development's sinks: every channel type is rendered, kept and marked, and nothing leaves."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.builders import email_step, in_app_step, workflow
from tests.environments import TestEnvironment
from tests.every_step import channel
from tests.runs import rows
from tests.virtual_time import VirtualTime

ADA = {"id": "ada", "name": "Ada", "email": "ada@example.com", "phone_number": "+4912345"}
DATA = {"word": "hello", "url": "https://example.com/a?b=c"}

SMS = channel("sms", {"text_body": "{{ data.word }} {{ recipient.name }}"})
PUSH = channel(
    "push",
    {
        "title": "{{ data.word }}",
        "text_body": "to {{ recipient.name }}",
        "settings": {"delivery_type": "content", "payload_overrides": '{"badge": {{ total_activities }}}'},
    },
)
CHAT = channel("chat", {"markdown_body": "**{{ data.word }}**", "summary": "{{ data.word }}!"})
CARD = channel("chat", {"json_body": '{"text": {{ data.word | json }}}'})
HTTP = channel(
    "http",
    {
        "method": "post",
        "url": "{{ data.url }}",
        "headers": [{"key": "X-Word", "value": "{{ data.word }}"}],
        "query_params": [{"key": "who", "value": "{{ recipient.id }}"}],
        "body": '{"word": "{{ data.word }}"}',
    },
)
GUIDE = channel("in_app_guide", guide_key=None)


async def sent(
    virtual: VirtualTime, environment: TestEnvironment, *steps: dict[str, Any], who: Any = None
) -> list[dict[str, Any]]:
    await virtual.publish(environment, "notify", workflow(*steps))
    await virtual.trigger(environment, "notify", who or ADA, data=DATA)
    return await virtual.messages(environment)


@pytest.mark.rule("E-MSG-4")
@pytest.mark.parametrize(
    ("step", "content"),
    [
        (SMS, {"__typename": "MessageSmsContent", "to": "+4912345", "body": "hello Ada"}),
        (
            PUSH,
            {
                "__typename": "MessagePushContent",
                "token": "",
                "title": "hello",
                "body": "to Ada",
                "data": None,
            },
        ),
        (
            CHAT,
            {
                "__typename": "MessageChatContent",
                "connection": {},
                "metadata": None,
                "template": {
                    "blocks": [{"name": "body", "type": "markdown", "content": "**hello**"}],
                    "json_content": None,
                    "summary": "hello!",
                },
            },
        ),
        (
            CARD,
            {
                "__typename": "MessageChatContent",
                "connection": {},
                "metadata": None,
                "template": {"blocks": None, "json_content": {"text": "hello"}, "summary": None},
            },
        ),
        (
            HTTP,
            {
                "__typename": "MessageWebhookContent",
                "method": "post",
                "url": "https://example.com/a?b=c",
                "headers": [{"key": "X-Word", "value": "hello"}],
                "query_params": [{"key": "who", "value": "ada"}],
                "body": '{"word": "hello"}',
                "connection": {},
                "template": {},
            },
        ),
        (
            GUIDE,
            {"__typename": "MessageInAppGuideContent", "guide_key": None, "connection": {}, "template": {}},
        ),
    ],
    ids=["sms", "push", "chat", "chat_json", "http", "in_app_guide"],
)
async def test_a_message_to_a_sink_is_rendered_in_its_channels_shape(
    virtual: VirtualTime, development: TestEnvironment, step: dict[str, Any], content: dict[str, Any]
) -> None:
    channel_type = step["channel_type"]
    key = f"sink-{channel_type.replace('_', '-')}"
    (message,) = await sent(virtual, development, step | {"channel_key": key})
    assert message["content"] == content
    is_confirmed = channel_type == "http" or channel_type.startswith("in_app")
    assert message["status"] == ("delivered" if is_confirmed else "sent")
    (line,) = await virtual.log(development, "message_enqueued")
    assert "warning" not in line["data"]


async def test_a_channel_that_nobody_created_is_its_types_sink_in_development(
    virtual: VirtualTime, development: TestEnvironment
) -> None:
    steps = [
        *(SMS, PUSH, CHAT, HTTP, GUIDE),
        email_step("email", channel_key="postmark"),
        in_app_step("feed", channel_key=None, channel_group_key="inboxes"),
    ]
    messages = await sent(virtual, development, *steps)

    assert {message["step_ref"] for message in messages} == {step["ref"] for step in steps}
    confirmed = {"in_app_guide", "feed", "http"}
    for message in messages:
        assert message["status"] == ("delivered" if message["step_ref"] in confirmed else "sent")
        assert str(message["channel_id"]).startswith("5117c000-")
    warnings = {
        line["step_ref"]: line["data"]["warning"]
        for line in await virtual.log(development, "message_enqueued")
    }
    assert warnings["email"] == 'no channel "postmark" exists: development\'s email sink took the message'
    assert warnings["feed"].startswith('no channel group "inboxes" exists: development\'s in_app_feed sink')


async def test_a_mail_to_a_sink_has_a_sender_also_where_nobody_named_one(
    virtual: VirtualTime, development: TestEnvironment
) -> None:
    steps = [
        email_step("plain", channel_key="postmark"),
        email_step("named", channel_key="postmark", channel_overrides={"from_address": "me@example.com"}),
    ]
    messages = await sent(virtual, development, *steps)
    senders = {message["step_ref"]: message["content"]["from"] for message in messages}
    assert senders == {"plain": "sink@tocsin.localhost", "named": "me@example.com"}


@pytest.mark.rule("E-CHANNEL-5", "E-CHANNEL-6")
@pytest.mark.parametrize(
    ("step", "who", "reason"),
    [
        (SMS, {"id": "bob"}, "missing recipient data: the recipient has no phone_number"),
        (email_step(channel_key="a"), {"id": "bob"}, "missing recipient data: the recipient has no email"),
        (GUIDE, {"id": "acme", "collection": "teams"}, "missing recipient data: only users are shown guides"),
        (
            channel("http", {"method": "get", "url": "{{ recipient.url }}"}),
            {"id": "bob"},
            "missing recipient data: the request's url is empty",
        ),
    ],
)
async def test_a_recipient_without_what_the_channel_needs_gets_no_message_even_from_a_sink(
    virtual: VirtualTime, development: TestEnvironment, step: dict[str, Any], who: Any, reason: str
) -> None:
    assert await sent(virtual, development, step, who=who) == []
    (line,) = await virtual.log(development, "step_skipped")
    assert line["data"]["reason"] == reason


async def test_a_text_message_goes_to_the_number_that_its_step_names(
    virtual: VirtualTime, development: TestEnvironment
) -> None:
    template = {"text_body": "hi", "settings": {"to_number": "{{ data.word }}", "payload_overrides": None}}
    (message,) = await sent(virtual, development, channel("sms", template), who={"id": "bob"})
    assert message["content"]["to"] == "hello"


async def test_overrides_that_do_not_render_to_json_fail_the_step(
    virtual: VirtualTime, development: TestEnvironment
) -> None:
    broken = channel("chat", {"json_body": "{{ data.word }}"})
    await virtual.publish(development, "notify", workflow(broken))
    await virtual.trigger(development, "notify", ADA, data=DATA)
    line = (await virtual.log(development, "step_failed"))[0]
    assert line["data"]["error"].startswith("template error: json_body does not render to JSON")


async def write_channel(
    virtual: VirtualTime, channel_type: str = "email", provider: str = "email_smtp", where: UUID | None = None
) -> str:
    """A channel that only this environment has configured, or none; its key."""
    channel_id, key = uuid4(), f"post-{uuid4().hex[:8]}"
    async with virtual.database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO channels (id, key, name, type, provider, inserted_at, updated_at)
            VALUES (%s, %s, 'Post', %s, %s, now(), now())
            """,
            (channel_id, key, channel_type, provider),
        )
        if where is not None:
            await connection.execute(
                """
                INSERT INTO channel_settings
                    (channel_id, environment_id, is_sandbox, channel_settings, updated_at)
                VALUES (%s, %s, false, '{}', now())
                """,
                (channel_id, where),
            )
    return key


async def archive(virtual: VirtualTime, key: str) -> None:
    async with virtual.database.connection() as connection:
        await connection.execute("UPDATE channels SET archived_at = now() WHERE key = %s", (key,))


async def test_a_channel_that_is_not_configured_here_skips_the_step(
    virtual: VirtualTime, development: TestEnvironment
) -> None:
    # E-CHANNEL-2: development's sinks stand in for channels that do not exist, not for these
    key = await write_channel(virtual)
    assert await sent(virtual, development, email_step(channel_key=key)) == []
    (line,) = await virtual.log(development, "step_skipped")
    assert line["data"]["reason"] == f'channel not configured: no email channel "{key}" here'


async def test_a_channel_that_does_not_exist_any_more_fails_the_run_outside_of_development(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    key = await write_channel(virtual)
    await virtual.publish(environment, "notify", workflow(email_step(channel_key=key)))
    await archive(virtual, key)
    await virtual.trigger(environment, "notify", ADA)

    assert [run["outcome"] for run in await virtual.runs(environment)] == ["failed"]
    (line,) = await virtual.log(environment, "step_failed")
    assert line["data"]["error"] == f'no channel "{key}" exists in this account'


async def test_a_provider_that_is_not_built_sends_nothing_and_says_so(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    key = await write_channel(virtual, "sms", "sms_twilio", environment.id)
    (message,) = await sent(virtual, environment, SMS | {"channel_key": key})
    assert message["status"] == "undelivered"
    (event,) = await rows(
        virtual.database,
        "SELECT data FROM message_events WHERE environment_id = %s AND type = 'message.undelivered'",
        environment.id,
    )
    assert event["data"]["failure_details"].startswith("no provider sms_twilio is built in this release")


@pytest.mark.rule("E-CHANNEL-5")
@pytest.mark.parametrize(("step", "provider"), [(PUSH, "push_fcm"), (CHAT, "chat_slack")])
async def test_nobody_is_reached_by_pushes_and_chats_without_channel_data(
    virtual: VirtualTime, environment: TestEnvironment, step: dict[str, Any], provider: str
) -> None:
    key = await write_channel(virtual, step["channel_type"], provider, environment.id)
    assert await sent(virtual, environment, step | {"channel_key": key}) == []
    (line,) = await virtual.log(environment, "step_skipped")
    assert line["data"]["reason"].startswith("missing recipient data: the recipient has no ")
