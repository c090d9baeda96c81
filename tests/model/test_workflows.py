"""Batches and cancellation against a reference model: whole runs on Temporal, in virtual time."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from dispatch.temporal import Temporal
from dispatch.triggers import Place
from models.database import Database
from outbound.client import HttpClient, build_client
from simulation.clock import Clock
from simulation.skipping_server import time_skipping_server
from tests.environments import TestEnvironment, make_environment
from tests.houses import SEALER
from tests.model.machine import Ground, examine
from tests.model.shapes import Shape
from tests.model.world import World
from tests.virtual_time import place_of
from worker.assembly import Parts, working
from worker.sandbox import sandbox


class House:
    """A time-skipping server of our own, whose worker may be taken away."""

    def __init__(self, server: WorkflowEnvironment, database: Database, http: HttpClient) -> None:
        self.temporal = Temporal(client=server.client, is_listed=False)
        self.clock = Clock(server, database, self.temporal)
        self._parts = Parts(database=database, temporal=self.temporal, http=http, sealer=SEALER)
        self._worker = AsyncExitStack()

    async def open(self) -> None:
        await self._worker.enter_async_context(working(self._parts, runner=sandbox()))

    async def close(self) -> None:
        await self._worker.aclose()


@dataclass(frozen=True)
class VirtualTheatre:
    """One environment in that house."""

    house: House
    place: Place

    @property
    def temporal(self) -> Temporal:
        return self.house.temporal

    async def now(self) -> datetime:
        return await self.house.clock.now()

    async def idle(self) -> object:
        return await self.house.clock.idle(self.place)

    async def pass_time(self, minutes: int) -> None:
        await self.house.clock.pass_time(self.place, timedelta(minutes=minutes))

    async def strike(self, workflow_id: str, carrier: str) -> None:
        assert carrier == "dead"  # this server forgets nothing
        await self.temporal.client.get_workflow_handle(workflow_id).terminate()

    async def restart(self, number: int) -> None:
        """Another worker goes on, from the histories alone; `number` says nothing here."""
        await self.house.close()
        await self.house.open()


@pytest.mark.timeout(7200)
async def test_every_activity_ends_in_one_batch_and_one_message_or_in_a_recorded_end(
    database: Database,
) -> None:
    http = build_client([])

    async with time_skipping_server() as server:
        house = House(server, database, http)

        async def furnish(shape: Shape) -> World:
            environment: TestEnvironment = await make_environment(database, SEALER)
            return World(database, environment, VirtualTheatre(house, place_of(environment)), shape)

        await house.open()
        await examine(Ground(asyncio.get_running_loop(), furnish, forgets=False), examples=25, steps=6)
        await house.close()
    await http.aclose()
