"""Rows as the worker would have left them, for tests of what the API shows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from models.database import Database
from models.ids import new_ksuid, new_uuid
from models.parts import Part, execute
from models.tables.feeds import FeedItem, feed_parts
from models.tables.messages import Message, message_part
from models.tables.queued_runs import insert_run
from models.tables.recipient_runs import RecipientRun
from models.tables.recipients import identify
from models.tables.triggers import Trigger, insert_trigger
from models.values.refs import RecipientRef
from tests.environments import TestEnvironment

ALWAYS = Part("claimed", "SELECT 1", {})
"""Stands for a claim that was won."""

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
"""Within retention."""

EMAIL = {
    "__typename": "MessageEmailContent",
    "from": "hi@example.com",
    "to": "ada@example.com",
    "cc": None,
    "bcc": None,
    "reply_to": None,
    "subject_line": "Hello",
    "html_body": "<p>Hello</p>",
    "text_body": "Hello",
}
BLOCKS = [
    {"name": "body", "type": "markdown", "content": "Hello", "rendered": "<p>Hello</p>"},
    {"name": "action_url", "type": "text", "content": "/x", "rendered": "/x"},
    {
        "name": "actions",
        "type": "button_set",
        "buttons": [{"name": "primary", "label": "Go", "action": "/x"}],
    },
]


@dataclass(frozen=True)
class Run:
    """A recipient run and what it came from."""

    id: UUID
    trigger_id: UUID
    acceptance: int
    activity_id: str


class Rows:
    """Writes rows of one environment; every call is a second later than the one before."""

    def __init__(self, database: Database, place: TestEnvironment) -> None:
        self.database = database
        self.place = place
        self.now = START

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    async def user(self, user_id: str, **properties: Any) -> None:
        async with self.database.connection() as connection:
            await identify(connection, self.place.id, RecipientRef(id=user_id), properties, self.tick())

    async def variable(self, key: str, value: str) -> None:
        async with self.database.connection() as connection:
            now = self.tick()
            await connection.execute(
                "INSERT INTO variables (key, type, inserted_at, updated_at) VALUES (%s, 'public', %s, %s) "
                "ON CONFLICT DO NOTHING",
                (key, now, now),
            )
            await connection.execute(
                "INSERT INTO variable_overrides (environment_id, key, value, updated_at) "
                "VALUES (%s, %s, %s, %s)",
                (self.place.id, key, value, now),
            )

    async def run(
        self,
        recipient: RecipientRef | str = "ada",
        *,
        data: dict[str, Any] | None = None,
        actor: str | None = None,
        **fields: Any,
    ) -> Run:
        """A trigger of one recipient, and its run."""
        ref = RecipientRef(id=recipient) if isinstance(recipient, str) else recipient
        now = self.tick()
        shared: dict[str, Any] = {
            "environment_id": self.place.id,
            "workflow_key": "hello",
            "workflow_version_id": new_uuid(),
            "actor_collection": "$users" if actor else None,
            "actor_id": actor,
            "inserted_at": now,
        }
        trigger = Trigger(
            **shared, id=new_uuid(), acceptance=0, source="api", data=data or {}, recipients=[], settings={},
            request_id="r",
        )  # fmt: skip
        async with self.database.transaction() as connection:
            acceptance = await insert_trigger(connection, trigger)
            assert acceptance is not None
            values = {**shared, "trigger_source": "api", "status": "queued", "updated_at": now, **fields}
            run = RecipientRun(
                **values, id=new_uuid(), workflow_run_id=trigger.id, recipient_collection=ref.collection,
                recipient_id=ref.id, acceptance=acceptance, activity_id=new_ksuid(),
            )  # fmt: skip
            await insert_run(connection, run)
        return Run(run.id, trigger.id, acceptance, run.activity_id)

    async def change(self, table: str, row_id: Any, **values: Any) -> None:
        """Set columns of one row."""
        key = "message_id" if table == "feed_items" else "id"
        assignments = ", ".join(f"{name} = %({name})s" for name in values)
        async with self.database.connection() as connection:
            await connection.execute(
                f"UPDATE {table} SET {assignments} WHERE {key} = %(row_id)s", {**values, "row_id": row_id}
            )

    async def message(
        self, recipient: RecipientRef | str = "ada", *, run: Run | None = None, **fields: Any
    ) -> str:
        """A mail that was sent, unless told otherwise."""
        ref = RecipientRef(id=recipient) if isinstance(recipient, str) else recipient
        run = run or await self.run(ref)
        now = self.tick()
        values: dict[str, Any] = {
            "id": new_ksuid(),
            "environment_id": self.place.id,
            "channel_id": self.place.email_channel_id,
            "recipient_collection": ref.collection,
            "recipient_id": ref.id,
            "actors": [],
            "data": {},
            "source_type": "workflow",
            "workflow_key": "hello",
            "workflow_version_id": new_uuid(),
            "step_ref": "email_1",
            "workflow_run_id": run.trigger_id,
            "recipient_run_id": run.id,
            "status": "sent",
            "content": EMAIL,
            "inserted_at": now,
            "updated_at": now,
        }
        message = Message(**{**values, **fields})
        async with self.database.transaction() as connection:
            await execute(connection, [ALWAYS, message_part(message)], "SELECT 1 AS done")
        return message.id

    async def item(self, user_id: str = "ada", *, run: Run | None = None, **fields: Any) -> str:
        """An in-app message and its item in the person's feed; the message's id."""
        run = run or await self.run(user_id)
        content = {"__typename": "MessageInAppFeedContent", "blocks": BLOCKS}
        shared = {
            name: fields[name] for name in ("actors", "data", "window_id", "tenant_id") if name in fields
        }
        channel_id = self.place.feed_channel_id
        message_id = await self.message(
            user_id, run=run, channel_id=channel_id, status="delivered", content=content, **shared
        )
        values: dict[str, Any] = {
            "environment_id": self.place.id,
            "channel_id": channel_id,
            "user_id": user_id,
            "position": 0,
            "workflow_key": "hello",
            "workflow_version_id": new_uuid(),
            "recipient_run_id": run.id,
            "actors": [],
            "total_actors": len(fields.get("actors", [])),
            "total_activities": 1,
            "data": {},
            "blocks": BLOCKS,
            "inserted_at": self.now,
            "updated_at": self.now,
        }
        async with self.database.transaction() as connection:
            item = FeedItem(message_id=message_id, **{**values, **fields})
            await execute(connection, [ALWAYS, *feed_parts(item)], "SELECT 1 AS done")
        return message_id

    async def window(self, runs: list[Run], left: tuple[Run, ...] = ()) -> UUID:
        """A closed batch window with these members; those in `left` were cancelled before it closed."""
        window_id, now = new_uuid(), self.tick()
        async with self.database.transaction() as connection:
            await connection.execute(
                """
                INSERT INTO batch_windows (id, environment_id, key, workflow_key, workflow_version_id,
                    step_ref, owner_run_id, opened_at, closes_at, closed_at, member_count)
                VALUES (%s, %s, %s, 'hello', %s, 'batch_1', %s, %s, %s, %s, %s)
                """,
                (window_id, self.place.id, str(window_id), new_uuid(), runs[0].id, now, now, now, len(runs)),
            )
            for run in runs:
                left_at = now if run in left else None
                await connection.execute(
                    "INSERT INTO batch_members VALUES (%s, %s, %s, %s, %s)",
                    (window_id, run.acceptance, run.id, now, left_at),
                )
        return window_id

    async def run_event(self, run: Run, event: str, **fields: Any) -> None:
        values = {"status": "ok", "attempt": 1, "step_ref": None, "step_type": None, "data": None, **fields}
        values["data"] = None if values["data"] is None else Jsonb(values["data"])
        async with self.database.connection() as connection:
            await connection.execute(
                """
                INSERT INTO run_events (id, inserted_at, environment_id, recipient_run_id, event, status,
                    attempt, step_ref, step_type, data)
                VALUES (%(id)s, %(now)s, %(environment_id)s, %(run_id)s, %(event)s, %(status)s, %(attempt)s,
                    %(step_ref)s, %(step_type)s, %(data)s)
                """,
                {
                    **values,
                    "id": new_ksuid(),
                    "now": self.tick(),
                    "environment_id": self.place.id,
                    "run_id": run.id,
                    "event": event,
                },
            )
