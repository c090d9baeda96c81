"""Virtual time for rule tests: the product's one driver of it, with what tests do and look at (D32)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from temporalio.service import RPCError, RPCStatusCode

from dispatch.cancels import CancelRequest, accept_cancel
from dispatch.triggers import Place, TriggerRequest, accept
from models.values.given import GivenRecipient, GivenTenant
from models.values.refs import RecipientRef
from simulation.clock import Clock
from simulation.open_workflows import open_workflows
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.runs import rows
from workflows_engine import names


class VirtualTime:
    """Runs on the time-skipping server; nobody else may unlock its clock, which only moves forward.

    Triggers are stamped with the real clock, runs with the server's, which is ahead by all that was skipped.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, Place] = {}
        self.database = clock.database
        self.temporal = clock.temporal

    async def now(self) -> datetime:
        return await self._clock.now()

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
        accepted = await accept(self.database, self.temporal, self._place(environment), request)
        return accepted.workflow_run_id

    async def cancel(
        self, environment: TestEnvironment, key: str, cancellation_key: str, *recipients: str
    ) -> None:
        """Cancel as the API does and wait until the runs have done what they do about it."""
        refs = [RecipientRef(id=one) for one in recipients] or None
        request = CancelRequest(workflow_key=key, cancellation_key=cancellation_key, recipients=refs)
        await accept_cancel(self.database, self.temporal, self._place(environment), request)
        await self.idle(environment)

    async def publish(self, environment: TestEnvironment, key: str, content: dict[str, Any]) -> None:
        await publish(self.database, environment, key, content)

    async def idle(self, environment: TestEnvironment) -> tuple[datetime, ...]:
        """Wait until every workflow of the environment waits for a timer, or has ended; their due times."""
        return tuple(due.at for due in await self._clock.idle(self._place(environment)))

    async def pass_time(self, environment: TestEnvironment, duration: timedelta) -> None:
        """Let time pass, from one due timer of the environment to the next, idle in between."""
        await self._clock.pass_time(self._place(environment), duration)

    async def end(self) -> None:
        """End what was left asleep: it would wake, and take time, in tests that skip past its timers."""
        for place in self._seen.values():
            # One that is ended before its first task would stop the server's clock for good.
            await self._clock.idle(place)
            for workflow_id in await open_workflows(self.database, place):
                with suppress_missing():
                    await self.temporal.client.get_workflow_handle(workflow_id).terminate("the test is over")
        self._seen.clear()

    def _place(self, environment: TestEnvironment) -> Place:
        return self._seen.setdefault(environment.slug, place_of(environment))

    async def runs(self, environment: TestEnvironment) -> list[dict[str, Any]]:
        """Rows of the environment's recipient runs in the order of acceptance."""
        sql = "SELECT * FROM recipient_runs WHERE environment_id = %s ORDER BY acceptance, recipient_id"
        return await rows(self.database, sql, environment.id)

    async def queues(self, environment: TestEnvironment, key: str) -> list[str]:
        """The task queues that carry out the runs of a workflow, in the order of acceptance."""
        ids = [
            names.recipient_run_workflow(
                environment.slug,
                key,
                RecipientRef(collection=run["recipient_collection"], id=run["recipient_id"]),
                run["id"],
            )
            for run in await self.runs(environment)
            if run["workflow_key"] == key
        ]
        client = self.temporal.client
        return [(await client.get_workflow_handle(id).describe()).task_queue for id in ids]

    async def messages(self, environment: TestEnvironment) -> list[dict[str, Any]]:
        """Rows of the environment's messages, oldest first."""
        sql = "SELECT * FROM messages WHERE environment_id = %s ORDER BY inserted_at, id"
        return await rows(self.database, sql, environment.id)

    async def log(self, environment: TestEnvironment, event: str) -> list[dict[str, Any]]:
        """Lines of this kind in the logs of the environment's runs, oldest first."""
        sql = "SELECT * FROM run_events WHERE environment_id = %s AND event = %s ORDER BY inserted_at, id"
        return await rows(self.database, sql, environment.id, event)


def place_of(environment: TestEnvironment) -> Place:
    return Place(environment.id, environment.slug)


@contextmanager
def suppress_missing() -> Iterator[None]:
    """Rows may name a workflow that was never started, or that has ended since."""
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
