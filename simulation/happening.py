"""Makes an event of a scenario happen, by the code that answers the same call of the API."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from dispatch.cancels import CancelRequest, accept_cancel
from dispatch.errors import NotAccepted
from dispatch.temporal import Temporal
from dispatch.triggers import Place, TriggerRequest, accept
from dispatch.waking import wake, wake_for_messages, wake_for_recipients
from models.database import Connection, Database
from models.queries.engagement import mark, unmark
from models.tables.recipients import Identification
from models.tables.waits import NewAwaitedEvent, record_event
from simulation.scenario import Awaited, Cancelling, Engaging, Event, Setting, Triggering

MESSAGES = """
    SELECT id FROM messages
    WHERE environment_id = %s AND recipient_collection = %s AND recipient_id = %s AND step_ref = %s
      AND (%s::text IS NULL OR workflow_key = %s) AND inserted_at <= %s
    ORDER BY inserted_at, id
"""
TAKEN_BACK: dict[str, LiteralString] = {"unseen": "seen", "unread": "read", "unarchived": "archived"}


@dataclass(frozen=True)
class Stage:
    """Where events happen. Triggers and cancels that name no workflow mean this one."""

    database: Database
    temporal: Temporal
    place: Place
    workflow: str

    async def happen(self, event: Event, now: datetime) -> str | None:
        """Make it happen; answers why not, where the API would refuse it or there is nothing to do."""
        if event.trigger is not None:
            return await self._trigger(event.trigger, now)
        if event.cancel is not None:
            return await self._cancel(event.cancel)
        if event.engage is not None:
            return await self._engage(event.engage, now)
        if event.set is not None:
            await self._set(event.set, now)
            return None
        assert event.event is not None  # the scenario was checked
        return await self._await(event.event, now)

    async def _trigger(self, given: Triggering, now: datetime) -> str | None:
        request = TriggerRequest(
            workflow_key=given.workflow or self.workflow,
            recipients=given.recipients,
            request_id="simulation",
            actor=given.actor,
            tenant=given.tenant,
            data=given.data,
            cancellation_key=given.cancellation_key,
            settings=given.settings.model_dump(exclude_none=True) if given.settings else None,
            accepted_at=now,
        )
        try:
            await accept(self.database, self.temporal, self.place, request)
        except NotAccepted as refused:
            return str(refused)
        return None

    async def _cancel(self, given: Cancelling) -> str | None:
        recipients = None if given.recipients is None else [one.ref for one in given.recipients]
        request = CancelRequest(given.workflow or self.workflow, given.cancellation_key, recipients)
        try:
            await accept_cancel(self.database, self.temporal, self.place, request)
        except NotAccepted as refused:
            return str(refused)
        return None

    async def _engage(self, given: Engaging, now: datetime) -> str | None:
        async with self.database.connection() as connection:
            ids = await self._messages(connection, given, now)
            if given.status.startswith("un"):
                await unmark(connection, self.place.environment_id, ids, TAKEN_BACK[given.status], now)
            else:
                await mark(connection, self.place.environment_id, ids, given.status, now)
        await wake_for_messages(self.database, self.temporal, self.place.environment_id, ids)
        return None if ids else f"{given.step_ref} has sent {given.recipient.ref} no message so far"

    async def _messages(self, connection: Connection, given: Engaging, now: datetime) -> list[str]:
        ref = given.recipient.ref
        values = (self.place.environment_id, ref.collection, ref.id, given.step_ref, given.workflow)
        cursor = await connection.execute(MESSAGES, (*values, given.workflow, now))
        return [row["id"] for row in await cursor.fetchall()]

    async def _set(self, given: Setting, now: datetime) -> None:
        one = given.user or given.object or given.tenant
        assert one is not None  # the scenario was checked
        identification = Identification.of(one)
        if identification is None:
            return
        async with self.database.transaction() as connection:
            await identification.write(connection, self.place.environment_id, now)
        await wake_for_recipients(self.database, self.temporal, self.place.environment_id, [one.ref])

    async def _await(self, given: Awaited, now: datetime) -> str | None:
        recipient = None if given.recipient is None else given.recipient.ref
        event = NewAwaitedEvent(
            self.place.environment_id, given.topic, recipient, given.payload(now), happened_at=now
        )
        async with self.database.transaction() as connection:
            waiting = await record_event(connection, event)
        await wake(self.temporal, waiting)
        return None if waiting else "nobody waits for it"
