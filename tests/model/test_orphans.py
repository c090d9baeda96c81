"""What becomes of windows that nobody can go on with, as the model test found out."""

import pytest

from models.database import Database
from tests.environments import TestEnvironment
from tests.model.reference import Run
from tests.model.shapes import Shape, Told, Version
from tests.model.stage import Stage
from tests.model.world import World


@pytest.mark.rule("E-CANCEL-6")
async def test_a_window_that_closed_behind_its_terminated_opener_alone_is_looked_at_no_more(
    database: Database, environment: TestEnvironment
) -> None:
    version, shape = Version(1, gathers=True, follows_latest=False), Shape(window=32)
    world = World(database, environment, Stage(database), shape)
    await world.commit(version)
    await world.trigger(Told(1, ("ada",)))
    await world.strike(Run(1, "ada", None, "p", version), "dead")
    await world.theatre.pass_time(60)
    # Whoever comes after the end closes the window, and opens another.
    await world.trigger(Told(2, ("ada",)))

    await world.reconcile()

    assert await world.open_windows() != []  # the second's
    await world.theatre.pass_time(60)
    assert await world.open_windows() == []
    assert await world.outcomes() == {(1, "ada"): "terminated", (2, "ada"): "finished"}
