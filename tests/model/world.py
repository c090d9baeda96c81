"""The same deeds as in the reference, done to the product; and what it looks like afterwards."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from activities.reconciling import runs, windows
from dispatch.cancels import CancelRequest, accept_cancel
from dispatch.carrying import workflow_id_of
from dispatch.temporal import Temporal
from dispatch.triggers import Place, TriggerRequest, accept
from dispatch.wishes import wish
from models.database import Database
from models.queries.engagement import mark
from models.queries.pauses import remove_item
from models.tables.recipient_runs import find_carrier
from models.values.given import GivenRecipient
from models.values.refs import RecipientRef
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.model.reference import Message, Run
from tests.model.shapes import MARKS, WAIT, Shape, Told, Version, minutes, written
from tests.rules.reading import body_of
from tests.runs import rows

KEY = "modelled"

RUNS = """
    SELECT r.*, (t.data ->> 'n')::int AS n FROM recipient_runs r JOIN triggers t ON t.id = r.workflow_run_id
    WHERE r.environment_id = %s ORDER BY r.acceptance, r.recipient_id
"""
MESSAGES = """
    SELECT m.*, (t.data ->> 'n')::int AS n FROM messages m
    JOIN recipient_runs r ON r.id = m.recipient_run_id JOIN triggers t ON t.id = r.workflow_run_id
    WHERE m.environment_id = %s ORDER BY m.inserted_at, m.id
"""
MEMBERS = """
    SELECT m.*, w.taken_at, w.owner_run_id, w.total_activities, r.outcome, o.outcome AS owner_outcome,
           (SELECT count(*) FROM messages g WHERE g.recipient_run_id = w.owner_run_id
                AND g.step_ref = 'digest') AS digests
    FROM batch_members m JOIN batch_windows w ON w.id = m.window_id
    JOIN recipient_runs r ON r.id = m.recipient_run_id
    LEFT JOIN recipient_runs o ON o.id = w.owner_run_id
    WHERE w.environment_id = %s
"""
OPEN_WINDOWS = """
    SELECT w.id FROM batch_windows w WHERE w.environment_id = %s AND w.taken_at IS NULL
      AND (w.closed_at IS NOT NULL
           OR EXISTS (SELECT FROM batch_members m WHERE m.window_id = w.id AND m.left_at IS NULL))
"""


class Theatre(Protocol):
    """Where runs are carried out, and what time it is there."""

    @property
    def temporal(self) -> Temporal: ...

    async def now(self) -> datetime: ...

    async def idle(self) -> object: ...

    async def pass_time(self, minutes: int) -> None: ...

    async def strike(self, workflow_id: str, carrier: str) -> None: ...

    async def restart(self, number: int) -> None: ...


class World:
    """One environment with one workflow."""

    def __init__(
        self, database: Database, environment: TestEnvironment, theatre: Theatre, shape: Shape
    ) -> None:
        self.theatre = theatre
        self._database = database
        self._environment = environment
        self._place = Place(environment.id, environment.slug)
        self._shape = shape
        self._ids: dict[tuple[int, str], UUID] = {}

    # --- what people do -----------------------------------------------------------------------------

    async def commit(self, version: Version) -> None:
        await publish(self._database, self._environment, KEY, written(self._shape, version))

    async def trigger(self, told: Told) -> None:
        data = {"n": told.n, "topic": told.topic} | ({"wait": minutes(WAIT)} if told.waits else {})
        request = TriggerRequest(
            workflow_key=KEY,
            recipients=[GivenRecipient.read({"id": one, "name": one}) for one in told.recipients],
            request_id="model",
            data=data,
            cancellation_key=told.key,
        )
        accepted = await accept(self._database, self.theatre.temporal, self._place, request)
        await self.theatre.idle()
        found = await rows(
            self._database,
            "SELECT id, recipient_id FROM recipient_runs WHERE workflow_run_id = %s",
            accepted.workflow_run_id,
        )
        self._ids |= {(told.n, row["recipient_id"]): row["id"] for row in found}

    async def cancel(self, key: str, recipients: Iterable[str] | None) -> None:
        refs = None if recipients is None else [RecipientRef(id=one) for one in recipients]
        request = CancelRequest(workflow_key=KEY, cancellation_key=key, recipients=refs)
        await accept_cancel(self._database, self.theatre.temporal, self._place, request)
        await self.theatre.idle()

    async def remove(self, run: Run) -> None:
        sql = """
            SELECT m.window_id FROM batch_members m JOIN batch_windows w ON w.id = m.window_id
            WHERE m.recipient_run_id = %s AND w.closed_at IS NULL
        """
        (found,) = await rows(self._database, sql, self._ids[run.name])
        async with self._database.transaction() as connection:
            assert await remove_item(
                connection,
                self._environment.id,
                found["window_id"],
                self._ids[run.name],
                await self.theatre.now(),
            )

    async def wish(self, run: Run, after: int) -> None:
        """The run's pause ends so many minutes from now, or at once."""
        until = await self.theatre.now() + timedelta(minutes=after) if after else None
        asked = (self._environment.id, self._ids[run.name], until)
        assert await wish(self._database, self.theatre.temporal, *asked)
        await self.theatre.idle()

    async def mark(self, run: Run, step: str) -> None:
        sql = "SELECT id FROM messages WHERE recipient_run_id = %s AND step_ref = %s"
        (message,) = await rows(self._database, sql, self._ids[run.name], step)
        async with self._database.transaction() as connection:
            now = await self.theatre.now()
            await mark(connection, self._environment.id, [message["id"]], MARKS[step], now)

    # --- what befalls runs ----------------------------------------------------------------------------

    async def strike(self, run: Run, carrier: str) -> None:
        async with self._database.connection() as connection:
            row = await find_carrier(connection, self._environment.id, self._ids[run.name])
        assert row is not None
        await self.theatre.strike(workflow_id_of(row), carrier)

    async def reconcile(self) -> None:
        place = {"id": self._environment.id, "slug": self._environment.slug}
        asked = (self._database, self.theatre.temporal, place, await self.theatre.now())
        await runs.repair(*asked)
        await windows.hand_over(*asked)
        await self.theatre.idle()

    # --- what it looks like ---------------------------------------------------------------------------

    async def messages(self) -> list[Message]:
        found = await rows(self._database, MESSAGES, self._environment.id)
        return [Message(row["n"], row["recipient_id"], row["step_ref"], body_of(row)) for row in found]

    async def outcomes(self) -> dict[tuple[int, str], str | None]:
        found = await rows(self._database, RUNS, self._environment.id)
        return {(row["n"], row["recipient_id"]): row["outcome"] for row in found}

    async def members(self) -> list[dict[str, Any]]:
        return await rows(self._database, MEMBERS, self._environment.id)

    async def open_windows(self) -> list[dict[str, Any]]:
        return await rows(self._database, OPEN_WINDOWS, self._environment.id)
