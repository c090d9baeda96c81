"""Batches and cancellation against a reference model: the performers alone, on Postgres."""

import asyncio
import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from models.database import Database
from models.sealing import Sealer
from tests.environments import make_environment
from tests.houses import SECRET
from tests.model.machine import Ground, Machine
from tests.model.shapes import Shape
from tests.model.stage import Stage
from tests.model.world import World

EXAMPLES = int(os.environ.get("TOCSIN_MODEL_EXAMPLES", "200"))


@pytest.mark.timeout(3600)
async def test_every_activity_ends_in_one_batch_and_one_message_or_in_a_recorded_end(
    database: Database,
) -> None:
    async def furnish(shape: Shape) -> World:
        environment = await make_environment(database, Sealer(SECRET))
        return World(database, environment, Stage(database), shape)

    ground = Ground(asyncio.get_running_loop(), furnish, forgets=True)
    await asyncio.to_thread(
        run_state_machine_as_test,
        lambda: Machine(ground),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=10,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
