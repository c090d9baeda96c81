"""Batches and cancellation against a reference model: the performers alone, on Postgres."""

import asyncio

import pytest

from models.database import Database
from models.sealing import Sealer
from tests.environments import TestEnvironment, make_environment
from tests.houses import SECRET
from tests.model.machine import Ground, examine
from tests.model.reference import Reference
from tests.model.shapes import Shape, Told
from tests.model.stage import Stage
from tests.model.world import World


@pytest.mark.timeout(3600)
async def test_every_activity_ends_in_one_batch_and_one_message_or_in_a_recorded_end(
    database: Database,
) -> None:
    async def furnish(shape: Shape) -> World:
        environment = await make_environment(database, Sealer(SECRET))
        return World(database, environment, Stage(database), shape)

    await examine(Ground(asyncio.get_running_loop(), furnish, forgets=True), examples=200, steps=8)


@pytest.mark.parametrize("shape", [Shape(window=32, settles=True), Shape(window=32, reminds=True)])
async def test_a_cancel_reaches_a_run_that_temporal_had_lost_when_it_came(
    shape: Shape, database: Database, environment: TestEnvironment
) -> None:
    reference, world = Reference(shape), World(database, environment, Stage(database), shape)
    await world.commit(reference.versions[0])
    told = Told(1, ("ada",), key="k1")
    reference.trigger(told)
    await world.trigger(told)
    reference.pass_time(40)  # its window has ended, and it is in the pause after it
    await world.theatre.pass_time(40)
    (run,) = reference.pausing()
    reference.strike(run, "lost")
    await world.strike(run, "lost")

    reference.cancel("k1", None)
    await world.cancel("k1", None)
    reference.pass_time(300)
    await world.theatre.pass_time(300)
    reference.reconcile()
    await world.reconcile()

    assert await world.outcomes() == {run.name: run.outcome} == {run.name: "cancelled"}
    assert await world.messages() == reference.messages
