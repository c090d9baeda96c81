"""Batches and cancellation against a reference model: whole runs on Temporal, in virtual time."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from dispatch.temporal import Temporal
from simulation.open_workflows import open_workflows
from tests.environments import TestEnvironment, make_environment
from tests.houses import SEALER
from tests.model.machine import Ground, examine
from tests.model.shapes import Shape
from tests.model.world import World
from tests.virtual_time import VirtualTime, place_of
from worker.assembly import WORKFLOWS


@dataclass(frozen=True)
class VirtualTheatre:
    """One environment on the time-skipping server."""

    virtual: VirtualTime
    environment: TestEnvironment

    @property
    def temporal(self) -> Temporal:
        return self.virtual.temporal

    async def now(self) -> datetime:
        return await self.virtual.now()

    async def idle(self) -> object:
        return await self.virtual.idle(self.environment)

    async def pass_time(self, minutes: int) -> None:
        await self.virtual.pass_time(self.environment, timedelta(minutes=minutes))

    async def strike(self, workflow_id: str, carrier: str) -> None:
        assert carrier == "dead"  # this server forgets nothing
        await self.temporal.client.get_workflow_handle(workflow_id).terminate()

    async def restart(self, _number: int) -> None:
        """Another worker could go on with every open run, from its history alone."""
        client = self.temporal.client
        # The sandbox has them all the time; it would cost more here than all the rest.
        replayer = Replayer(
            workflows=WORKFLOWS,
            workflow_runner=UnsandboxedWorkflowRunner(),
            data_converter=client.data_converter,
        )
        for workflow_id in await open_workflows(self.virtual.database, place_of(self.environment)):
            await replayer.replay_workflow(await client.get_workflow_handle(workflow_id).fetch_history())


@pytest.mark.timeout(7200)
async def test_every_activity_ends_in_one_batch_and_one_message_or_in_a_recorded_end(
    virtual: VirtualTime,
) -> None:
    async def furnish(shape: Shape) -> World:
        environment = await make_environment(virtual.database, SEALER)
        return World(virtual.database, environment, VirtualTheatre(virtual, environment), shape)

    await examine(Ground(asyncio.get_running_loop(), furnish, forgets=False), examples=25, steps=6)
