"""Channels, groups and steps for tests of the channel step's performer, on real rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from activities.steps.channel import ChannelSteps
from activities.versions import Versions
from models.database import Database
from models.ids import new_uuid
from models.tables.channel_data import put_channel_data
from models.tables.preference_sets import put_preference_sets
from models.values.refs import RecipientRef
from tests.builders import workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.runs import NOON, WrittenRun, rows, write_run
from workflows_engine.effects.steps import ComposeAnswer, Verdict
from workflows_engine.send_windows import WEEKDAYS

ADA = RecipientRef(id="ada")
Leaf = tuple[str, str, str | None]
PROVIDERS = {
    "push": "push_fcm",
    "chat": "chat_slack",
    "sms": "sms_twilio",
    "email": "email_smtp",
    "http": "http",
}
TEMPLATES: dict[str, dict[str, Any]] = {
    "push": {"title": "Hi", "text_body": "{{ recipient.id }}", "settings": {"delivery_type": "content"}},
    "chat": {"markdown_body": "Hi"},
    "sms": {"text_body": "Hi"},
    "in_app_feed": {"markdown_body": "Hi"},
    "email": {"subject": "Hi", "html_body": "<p>Hi</p>"},
}


@dataclass(frozen=True)
class Channel:
    """A channel of this test alone."""

    id: UUID
    key: str


@dataclass(frozen=True)
class Desk:
    """Sends steps to Ada in one environment, and looks at what came of it."""

    database: Database
    environment: TestEnvironment

    async def channel(
        self, channel_type: str, *, is_configured: bool = True, conditions: Any = None, **settings: Any
    ) -> Channel:
        made = Channel(new_uuid(), f"{channel_type.replace('_', '-')}-{uuid4().hex[:8]}")
        provider = PROVIDERS.get(channel_type, "in_app_feed_knock")
        async with self.database.transaction() as connection:
            await connection.execute(
                """
                INSERT INTO channels (id, key, name, type, provider, inserted_at, updated_at)
                VALUES (%s, %s, 'C', %s, %s, now(), now())
                """,
                (made.id, made.key, channel_type, provider),
            )
            if is_configured:
                await connection.execute(
                    """
                    INSERT INTO channel_settings
                        (channel_id, environment_id, is_sandbox, conditions, channel_settings, updated_at)
                    VALUES (%s, %s, %s, %s, %s, now())
                    """,
                    (
                        made.id,
                        self.environment.id,
                        settings.pop("is_sandbox", False),
                        None if conditions is None else Jsonb(conditions),
                        Jsonb({"from_address": "a@example.com", **settings}),
                    ),
                )
        return made

    async def group(
        self,
        channel_type: str,
        *rules: tuple[Channel, str, Leaf | None],
        operator: str,
    ) -> str:
        """Rules as (channel, type, (variable, operator, argument) or None)."""
        group_id, key = new_uuid(), f"group-{uuid4().hex[:8]}"
        async with self.database.transaction() as connection:
            await connection.execute(
                """
                INSERT INTO channel_groups
                    (id, key, name, channel_type, operator, source, inserted_at, updated_at)
                VALUES (%s, %s, 'G', %s, %s, 'user', now(), now())
                """,
                (group_id, key, channel_type, operator),
            )
            for index, (channel, rule_type, condition) in enumerate(rules):
                await connection.execute(
                    """
                    INSERT INTO channel_group_rules (group_id, index, rule_type, channel_id, variable,
                                                     operator, argument, inserted_at, updated_at)
                    VALUES (%s, %s, %s, %s, %s, %s, %s, now(), now())
                    """,
                    (group_id, index, rule_type, channel.id, *(condition or (None, None, None))),
                )
        return key

    async def address(self, channel: Channel, data: dict[str, Any], ref: RecipientRef = ADA) -> None:
        async with self.database.transaction() as connection:
            await put_channel_data(connection, self.environment.id, ref, {channel.id: data}, NOON)

    async def prefer(self, preferences: dict[str, Any], ref: RecipientRef = ADA) -> None:
        async with self.database.transaction() as connection:
            await put_preference_sets(
                connection, self.environment.id, ref, {"default": preferences}, NOON, merge=False
            )

    async def run(self, *steps: dict[str, Any], recipient: Any = None, **trigger: Any) -> WrittenRun:
        """A run of a workflow with these steps, of which none was performed."""
        key = f"w-{uuid4().hex[:8]}"
        await publish(self.database, self.environment, key, workflow(*steps))
        return await write_run(self.database, self.environment, key, recipient, **trigger)

    async def perform(self, run: WrittenRun, ref: str = "a", now: datetime = NOON) -> ComposeAnswer:
        return await ChannelSteps(self.database, Versions(SEALER)).compose_messages(run.ask(ref, now))

    async def send(self, step: dict[str, Any], now: datetime = NOON, **run: Any) -> list[dict[str, Any]]:
        """The rows of the messages that this one step sent."""
        written = await self.run(step, **run)
        await self.perform(written, now=now)
        return await self.messages(written)

    async def skipped(self, step: dict[str, Any], **run: Any) -> str:
        """Why this one step sends nothing, as far as its first colon."""
        written = await self.run(step, **run)
        answer = await self.perform(written)
        assert answer.verdict is Verdict.SKIP
        assert await self.messages(written) == []
        return (answer.reason or "").partition(":")[0]

    async def messages(self, run: WrittenRun) -> list[dict[str, Any]]:
        sql = "SELECT * FROM messages WHERE recipient_run_id = %s ORDER BY channel_id, id"
        return await rows(self.database, sql, run.id)

    async def log(self, event: str) -> list[dict[str, Any]]:
        """The data of these lines in the environment's runs."""
        sql = "SELECT data FROM run_events WHERE environment_id = %s AND event = %s ORDER BY inserted_at, id"
        return [row["data"] for row in await rows(self.database, sql, self.environment.id, event)]

    async def why(self) -> str:
        """The reason of the one step that was skipped."""
        (data,) = await self.log("step_skipped")
        reason: str = data["reason"]
        return reason


def step(channel_type: str, channel: Channel | None = None, **more: Any) -> dict[str, Any]:
    where = {} if channel is None else {"channel_key": channel.key}
    base = {"type": "channel", "ref": "a", "channel_type": channel_type, "template": TEMPLATES[channel_type]}
    return base | where | more


def office_hours(start: str = "09:00", end: str = "17:00") -> list[dict[str, Any]]:
    return [{"day": day, "type": "send", "from": start, "until": end} for day in WEEKDAYS]
