"""Batches and cancellation against a reference model: the performers alone, on Postgres."""

import asyncio

import pytest

from models.database import Database
from models.sealing import Sealer
from tests.environments import make_environment
from tests.houses import SECRET
from tests.model.machine import Ground, examine
from tests.model.shapes import Shape
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
