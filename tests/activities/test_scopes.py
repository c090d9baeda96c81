"""What a step sees of the rows of its run."""

from typing import Any

import pytest

from activities.scopes import build_scope
from activities.standing import load
from activities.versions import Versions
from models.database import Database
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.runs import write_run
from workflows_engine.scope import RunScope


async def scope_of(database: Database, environment: TestEnvironment, **trigger: Any) -> RunScope:
    await publish(database, environment, "greet", workflow(in_app_step()))
    run = await write_run(database, environment, "greet", **trigger)
    async with database.connection() as connection:
        return await build_scope(connection, await load(connection, Versions(SEALER), run.ask("in_app_1")))


@pytest.mark.rule("E-RUN-15")
@pytest.mark.parametrize(
    ("trigger", "actors"), [({}, []), ({"actor_collection": "$users", "actor_id": "bob"}, ["bob"])]
)
async def test_a_run_without_a_batch_has_one_activity_and_at_most_one_actor(
    database: Database, environment: TestEnvironment, trigger: dict[str, str], actors: list[str]
) -> None:
    scope = await scope_of(database, environment, data={"page": "p"}, **trigger)

    assert (scope.total_activities, len(scope.activities)) == (1, 1)
    assert [actor["id"] for actor in scope.actors] == actors
    assert scope.total_actors == len(actors)
    assert [scope.actor["id"]] == actors if scope.actor else not actors


@pytest.mark.rule("E-RUN-16")
async def test_an_activity_shows_its_data_flat_and_whole(
    database: Database, environment: TestEnvironment
) -> None:
    given = {"page": "p", "recipient": "nobody"}
    (activity,) = (await scope_of(database, environment, data=given)).activities

    assert (activity["page"], activity["data"]) == ("p", given)
    assert activity["recipient"]["id"] == "ada"
