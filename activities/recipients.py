"""Fans a trigger out: identifies its recipients, writes their runs, starts them (D7)."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from temporalio import activity
from temporalio.service import RPCError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from activities.beating import beating
from activities.fan_out import PAGE, FanOut, Position, Reached
from activities.performs import performs
from dispatch.crowds import FEW, Crowds
from dispatch.room import Room
from dispatch.starting import StartableRun, owner_of, start_recipient_run
from dispatch.temporal import Temporal
from dispatch.triggers import run_of
from dispatch.waking import wake_for_recipients
from models.database import Database
from models.tables.oversize import log_oversize
from models.tables.queued_runs import count_runs, find_queued, insert_run
from models.tables.recipient_runs import RecipientRun
from models.tables.recipients import Identification
from models.tables.triggers import Trigger, find_fan_out, find_named, lock_unretired, mark_fanned_out
from workflows_engine import effects
from workflows_engine.effects.runs import ExpandAnswer, ExpandAsk

AT_ONCE = 4
"""Starts at once in a worker, over all its fan-outs, and pages that are written: more only add latency at the
servers, for everybody."""
OF_ONE = 2
"""Starts of one fan-out among them, so that a small one does not wait behind pages of large ones."""
HELD = 16
"""Fan-outs of a worker whose recipients, where many are named, are in its memory at a time; up to a thousand
each may come with their properties."""


class Recipients:
    """Performs `expand_recipients`, so many recipients at a time."""

    def __init__(
        self,
        database: Database,
        temporal: Temporal,
        page_size: int = PAGE,
        crowds: Crowds | None = None,
        room: Room | None = None,
        held: int = HELD,
    ) -> None:
        """`crowds` and `room` are the worker's, which its other effects share."""
        self._database = database
        self._temporal = temporal
        self._page_size = page_size
        self._starting = asyncio.Semaphore(AT_ONCE)
        self._writing = asyncio.Semaphore(AT_ONCE)
        self._holding = asyncio.Semaphore(held)
        self._line = asyncio.Lock()
        # As many as start at all, so that few wait for a turn: who waits for long goes on without one.
        self._starting_of_crowds = asyncio.Semaphore(AT_ONCE)
        self._crowds = crowds or Crowds()
        self._room = room or Room()

    @performs(effects.expand_recipients)
    async def expand_recipients(self, ask: ExpandAsk) -> ExpandAnswer:
        """Start one run for each distinct recipient (E-TRIGGER-18); resumes where a lost worker stopped."""
        async with self._database.transaction() as connection:
            found = await find_fan_out(connection, ask.environment_id, ask.workflow_run_id)
            if found is None:
                return ExpandAnswer(retired=True)
            if found["answered_at"] is None and not await lock_unretired(
                connection, ask.environment_id, ask.workflow_run_id
            ):
                return ExpandAnswer(retired=True)
        start = _resume_at()
        told = start.model_dump(mode="json")
        async with AsyncExitStack() as held:
            if found["named"] > FEW:
                async with beating(told):
                    await held.enter_async_context(self._holding)
            return await self._expand(ask, found, start)

    async def _expand(self, ask: ExpandAsk, found: DictRow, start: Position) -> ExpandAnswer:
        fan_out = FanOut(self._database, found, await self._named(ask), self._page_size)
        told = start.model_dump(mode="json")
        # Whoever takes over does not know how many were reached before.
        seen = FEW if start != Position() else 0
        begun = time.monotonic()
        async for reached, position in fan_out.pages(start):
            is_bulk = seen + len(reached) > FEW
            whose = owner_of(ask.environment_id, found["tenant_id"], is_bulk=is_bulk)
            is_crowd = self._crowds.asks(whose, len(reached)) or ask.is_crowd or is_bulk
            async with beating(told), self._in_line(whose, is_crowd):
                async with self._leaving_room(whose, is_crowd), self._writing:
                    # Of the time at which it happens: whoever began to wait since the trigger must see it.
                    now = ask.now + timedelta(seconds=time.monotonic() - begun)
                    runs = await self._write(found, reached, now)
                seen += len(reached)
                startables = [_startable(run, found["slug"], is_bulk, is_crowd) for run in runs]
                await self._start(startables, whose, is_crowd)
            told = position.model_dump(mode="json")
            activity.heartbeat(told)
        async with self._database.connection() as connection:
            await mark_fanned_out(connection, ask.environment_id, ask.workflow_run_id)
            started = await count_runs(connection, ask.environment_id, ask.workflow_run_id)
        return ExpandAnswer(started=started)

    async def _named(self, ask: ExpandAsk) -> list[Any]:
        async with self._database.connection() as connection:
            return await find_named(connection, ask.environment_id, ask.workflow_run_id)

    async def _write(self, found: DictRow, reached: list[Reached], now: datetime) -> list[RecipientRun]:
        """Write their runs down; answers those that may still have to be started.

        A recipient that was reached before keeps the run it has, and with it the way that led there first.
        """
        trigger = _trigger_of(found)
        runs, changed = {}, []
        async with (
            self._database.connection() as connection,
            connection.pipeline(),
            connection.transaction(),
        ):
            # In the order of their ids, so that two fan-outs of the same people never deadlock.
            for one in sorted(reached, key=lambda one: one.given.ref.gid):
                run = run_of(trigger, found["acceptance"], one.given, one.subscription)
                identification = Identification.of(one.given)
                if identification is not None:
                    place = trigger.environment_id
                    await log_oversize(connection, place, run.id, identification, now)
                    await identification.write(connection, place, now)
                    changed.append(identification.ref)
                await insert_run(connection, run)
                runs[run.id] = run
            # Those begun are started for sure; the rest may have been left behind by a lost worker.
            queued = await find_queued(connection, trigger.environment_id, list(runs))
        if changed:
            await wake_for_recipients(self._database, self._temporal, trigger.environment_id, changed)
        return [run for run_id, run in runs.items() if run_id in queued]

    async def _start(self, runs: list[StartableRun], whose: str, is_crowd: bool) -> None:
        own_slots = asyncio.Semaphore(OF_ONE)

        async def start(run: StartableRun) -> None:
            few = self._starting_of_crowds if is_crowd else nullcontext()
            async with own_slots, few, self._leaving_room(whose, is_crowd), self._starting:
                await _start_run(self._temporal, run)

        async with asyncio.TaskGroup() as group:
            for run in runs:
                group.create_task(start(run))

    def _in_line(self, whose: str, is_crowd: bool) -> AbstractAsyncContextManager[None]:
        """Around a page: beside others one page of a crowd is written and started at a time.

        So crowds' runs, which take the same turns, wait behind one.
        """
        return self._line if is_crowd and self._room.is_wanted_by_others(whose) else nullcontext()

    def _leaving_room(self, whose: str, is_crowd: bool) -> AbstractAsyncContextManager[None]:
        """Around what others may wait for, before any place that they share is taken."""
        return self._room.turn(whose) if is_crowd else nullcontext()


# One start that a busy server does not answer in time must not undo the page's other ones.
@retry(
    retry=retry_if_exception_type(RPCError),
    stop=stop_after_attempt(5),
    wait=wait_random_exponential(multiplier=0.5, max=5),
    reraise=True,
)
async def _start_run(temporal: Temporal, run: StartableRun) -> None:
    await start_recipient_run(temporal, run)


def _startable(run: RecipientRun, slug: str, is_bulk: bool, is_crowd: bool) -> StartableRun:
    return StartableRun(
        environment_id=run.environment_id,
        environment=slug,
        workflow_key=run.workflow_key,
        workflow_run_id=run.workflow_run_id,
        recipient_run_id=UUID(str(run.id)),
        recipient=run.recipient,
        tenant_id=run.tenant_id,
        cancellation_key=run.cancellation_key,
        is_bulk=is_bulk,
        is_crowd=is_crowd,
    )


def _resume_at() -> Position:
    """How far an earlier try of this activity came; an earlier release told it in another way."""
    told = next(iter(activity.info().heartbeat_details), None)
    return Position.model_validate(told) if isinstance(told, dict) else Position()


def _trigger_of(found: DictRow) -> Trigger:
    return Trigger(**{name: value for name, value in found.items() if name in Trigger.model_fields})
