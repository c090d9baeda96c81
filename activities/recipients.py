"""Fans a trigger out: identifies its recipients, writes their runs, starts them (D7)."""

import asyncio
from collections.abc import Iterator
from typing import Any

from psycopg.rows import DictRow
from temporalio import activity

from activities.performs import performs
from dispatch.starting import StartableRun, start_recipient_run
from dispatch.temporal import Temporal
from dispatch.triggers import run_of
from models.database import Database
from models.tables.queued_runs import insert_run
from models.tables.recipients import identify
from models.tables.triggers import Trigger, find_trigger, lock_unretired, mark_fanned_out
from models.values.given import GivenRecipient
from workflows_engine import effects
from workflows_engine.effects.runs import ExpandAnswer, ExpandAsk

CHUNK = 250
"""Recipients between two heartbeats."""
IN_FLIGHT = 20
"""Starts at once: more only add latency at the server."""


class Recipients:
    """Performs `expand_recipients`."""

    def __init__(self, database: Database, temporal: Temporal) -> None:
        self._database = database
        self._temporal = temporal

    @performs(effects.expand_recipients)
    async def expand_recipients(self, ask: ExpandAsk) -> ExpandAnswer:
        """Start one run for each distinct recipient (E-TRIGGER-18); resumes where a lost worker stopped."""
        async with self._database.transaction() as connection:
            found = await find_trigger(connection, ask.environment_id, ask.workflow_run_id)
            if found is None:
                return ExpandAnswer(retired=True)
            if found["answered_at"] is None and not await lock_unretired(
                connection, ask.environment_id, ask.workflow_run_id
            ):
                return ExpandAnswer(retired=True)
        recipients = distinct(found["recipients"])
        done = _resume_at()
        for start in range(done, len(recipients), CHUNK):
            chunk = recipients[start : start + CHUNK]
            await self._write(found, chunk)
            await self._start(found, chunk)
            activity.heartbeat(start + len(chunk))
        async with self._database.connection() as connection:
            await mark_fanned_out(connection, ask.environment_id, ask.workflow_run_id)
        return ExpandAnswer(started=len(recipients))

    async def _write(self, found: DictRow, chunk: list[GivenRecipient]) -> None:
        trigger = _trigger_of(found)
        async with (
            self._database.connection() as connection,
            connection.pipeline(),
            connection.transaction(),
        ):
            # In the order of their ids, so that two fan-outs of the same people never deadlock.
            for given in sorted(chunk, key=lambda one: one.ref.gid):
                if given.properties is not None:
                    await identify(
                        connection, trigger.environment_id, given.ref, given.properties, trigger.inserted_at
                    )
                await insert_run(connection, run_of(trigger, found["acceptance"], given))

    async def _start(self, found: DictRow, chunk: list[GivenRecipient]) -> None:
        slots = asyncio.Semaphore(IN_FLIGHT)
        trigger = _trigger_of(found)

        async def start(given: GivenRecipient) -> None:
            run = run_of(trigger, found["acceptance"], given)
            startable = StartableRun(
                environment_id=trigger.environment_id,
                environment=found["slug"],
                workflow_key=trigger.workflow_key,
                workflow_run_id=trigger.id,
                recipient_run_id=run.id,
                recipient=given.ref,
                tenant_id=trigger.tenant_id,
                cancellation_key=trigger.cancellation_key,
            )
            async with slots:
                await start_recipient_run(self._temporal, startable)

        async with asyncio.TaskGroup() as group:
            for given in chunk:
                group.create_task(start(given))


def distinct(stored: list[Any]) -> list[GivenRecipient]:
    """Each recipient once, whatever way and how often it was named (E-TRIGGER-19)."""
    unique: dict[str, GivenRecipient] = {}
    for given in _read(stored):
        known = unique.get(given.ref.gid)
        unique[given.ref.gid] = given if known is None else known.joined_by(given)
    return list(unique.values())


def _read(stored: list[Any]) -> Iterator[GivenRecipient]:
    for raw in stored:
        yield GivenRecipient.model_validate(raw)


def _resume_at() -> int:
    """How many an earlier try of this activity had started."""
    details = activity.info().heartbeat_details
    return int(details[0]) if details else 0


def _trigger_of(found: DictRow) -> Trigger:
    return Trigger(**{name: value for name, value in found.items() if name in Trigger.model_fields})
