"""The one driver of virtual time: rows are real, the clock of the runs is Temporal's test server's (D32)."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from dispatch.cancels import CancelRequest, accept_cancel
from dispatch.temporal import Temporal
from dispatch.triggers import Place, TriggerRequest, accept
from models.database import Database
from models.values.given import GivenRecipient, GivenTenant
from models.values.refs import RecipientRef
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.runs import rows
from workflows_engine import names

PATIENCE_SECONDS = 30
"""How long, on the real clock, the runs of one environment may be at work."""


@dataclass(frozen=True)
class Stillness:
    """How the open workflows of an environment stand."""

    events: int
    is_idle: bool
    due: tuple[datetime, ...]


class VirtualTime:
    """Runs on the time-skipping server; nobody else may unlock its clock, which only moves forward.

    Triggers are stamped with the real clock, runs with the server's, which is ahead by all that was skipped.
    """

    def __init__(self, server: WorkflowEnvironment, database: Database, temporal: Temporal) -> None:
        self._server = server
        self.database = database
        self.temporal = temporal

    async def now(self) -> datetime:
        return await self._server.get_current_time()

    async def trigger(self, environment: TestEnvironment, key: str, *recipients: Any, **more: Any) -> UUID:
        """Trigger as the API does and wait until its runs pause or end; answers the trigger's id."""
        trigger_id = await self.accept(environment, key, *recipients, **more)
        await self.idle(environment)
        return trigger_id

    async def accept(self, environment: TestEnvironment, key: str, *recipients: Any, **more: Any) -> UUID:
        """Trigger as the API does, without waiting for anything but its acceptance.

        Recipients, `actor` and `tenant` are given as in JSON; the default recipient is Ada.
        """
        given = recipients or ({"id": "ada", "name": "Ada", "email": "ada@example.com"},)
        actor, tenant = more.pop("actor", None), more.pop("tenant", None)
        request = TriggerRequest(
            workflow_key=key,
            recipients=[GivenRecipient.read(one) for one in given],
            actor=None if actor is None else GivenRecipient.read(actor),
            tenant=None if tenant is None else GivenTenant.read(tenant),
            request_id="test",
            **more,
        )
        accepted = await accept(self.database, self.temporal, place_of(environment), request)
        return accepted.workflow_run_id

    async def cancel(
        self, environment: TestEnvironment, key: str, cancellation_key: str, *recipients: str
    ) -> None:
        """Cancel as the API does and wait until the runs have done what they do about it."""
        refs = [RecipientRef(id=one) for one in recipients] or None
        request = CancelRequest(workflow_key=key, cancellation_key=cancellation_key, recipients=refs)
        await accept_cancel(self.database, self.temporal, place_of(environment), request)
        await self.idle(environment)

    async def publish(self, environment: TestEnvironment, key: str, content: dict[str, Any]) -> None:
        await publish(self.database, environment, key, content)

    async def idle(self, environment: TestEnvironment) -> tuple[datetime, ...]:
        """Wait until every workflow of the environment waits for a timer, or has ended; their due times."""
        still = await eventually(lambda: self._stillness(environment), seconds=PATIENCE_SECONDS)
        assert still is not None  # eventually fails otherwise
        return still.due

    async def pass_time(self, environment: TestEnvironment, duration: timedelta) -> None:
        """Let time pass, from one due timer of the environment to the next, idle in between."""
        await self.idle(environment)
        end = await self.now() + duration
        while True:
            due = min(await self.idle(environment), default=end)
            left = min(due, end) - await self.now()
            if left > timedelta(0):
                await self._server.sleep(left)
            if due >= end:
                await self.idle(environment)
                return

    async def runs(self, environment: TestEnvironment) -> list[dict[str, Any]]:
        """Rows of the environment's recipient runs in the order of acceptance."""
        sql = "SELECT * FROM recipient_runs WHERE environment_id = %s ORDER BY acceptance, recipient_id"
        return await rows(self.database, sql, environment.id)

    async def messages(self, environment: TestEnvironment) -> list[dict[str, Any]]:
        """Rows of the environment's messages, oldest first."""
        sql = "SELECT * FROM messages WHERE environment_id = %s ORDER BY inserted_at, id"
        return await rows(self.database, sql, environment.id)

    async def log(self, environment: TestEnvironment, event: str) -> list[dict[str, Any]]:
        """Lines of this kind in the logs of the environment's runs, oldest first."""
        sql = "SELECT * FROM run_events WHERE environment_id = %s AND event = %s ORDER BY inserted_at, id"
        return await rows(self.database, sql, environment.id, event)

    async def _stillness(self, environment: TestEnvironment) -> Stillness | None:
        """Two looks alike: in between two histories of one look, one workflow may have woken another."""
        first = await self._look(environment)
        if first.is_idle and first == await self._look(environment):
            return first
        return None

    async def _look(self, environment: TestEnvironment) -> Stillness:
        ids = await self._workflow_ids(environment)
        histories = await asyncio.gather(*(self._history(workflow_id) for workflow_id in ids))
        return Stillness(
            events=sum(map(len, histories)),
            is_idle=all(map(_is_idle, histories)),
            due=tuple(sorted(due for history in histories for due in _due(history))),
        )

    async def _workflow_ids(self, environment: TestEnvironment) -> list[str]:
        """Of fan-outs, runs and deliveries that may still do something."""
        found = []
        for run in await rows(self.database, OPEN_RUNS, environment.id):
            recipient = RecipientRef(collection=run["recipient_collection"], id=run["recipient_id"])
            key, run_id, again = run["workflow_key"], run["id"], run["incarnation"]
            found.append(names.recipient_run_workflow(environment.slug, key, recipient, run_id, again))
        for trigger in await rows(self.database, OPEN_FAN_OUTS, environment.id):
            found.append(
                names.workflow_run_workflow(environment.slug, trigger["workflow_key"], trigger["id"])
            )
        for message in await rows(self.database, OPEN_MESSAGES, environment.id):
            found.append(names.delivery_workflow(message["id"]))
        return found

    async def _history(self, workflow_id: str) -> list[HistoryEvent]:
        """What happened to a workflow so far; nothing for one that was never started."""
        try:
            history = await self.temporal.client.get_workflow_handle(workflow_id).fetch_history()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return []
            raise
        return list(history.events)


def place_of(environment: TestEnvironment) -> Place:
    return Place(environment.id, environment.slug)


def _is_idle(history: list[HistoryEvent]) -> bool:
    """Whether a workflow waits for nothing but time: no task and no activity of it is under way."""
    if not history or _is_closed(history):
        return True
    tasks = _count(history, EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED)
    tasks -= _count(
        history,
        EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
    )
    activities = _count(history, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    activities -= _count(
        history,
        EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
        EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
    )
    return tasks == 0 and activities == 0


def _due(history: list[HistoryEvent]) -> Iterable[datetime]:
    """When the timers of an open workflow fire."""
    if not history or _is_closed(history):
        return []
    over = {event.timer_fired_event_attributes.started_event_id for event in history}
    over |= {event.timer_canceled_event_attributes.started_event_id for event in history}
    return [
        event.event_time.ToDatetime(UTC) + timer.start_to_fire_timeout.ToTimedelta()
        for event in history
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED and event.event_id not in over
        for timer in [event.timer_started_event_attributes]
    ]


def _is_closed(history: list[HistoryEvent]) -> bool:
    return history[-1].event_type in CLOSED


def _count(history: list[HistoryEvent], *types: int) -> int:
    return sum(event.event_type in types for event in history)


CLOSED = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
)
OPEN_RUNS = """
    SELECT r.* FROM recipient_runs r WHERE r.environment_id = %s
      AND (r.finished_at IS NULL OR EXISTS (
          SELECT FROM messages m WHERE m.recipient_run_id = r.id AND m.settled_at IS NULL))
    ORDER BY r.id
"""
OPEN_FAN_OUTS = "SELECT id, workflow_key FROM triggers WHERE environment_id = %s AND fan_out = 'pending'"
OPEN_MESSAGES = "SELECT id FROM messages WHERE environment_id = %s AND settled_at IS NULL ORDER BY id"
