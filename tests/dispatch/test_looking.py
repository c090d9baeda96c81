from dispatch.looking import count_running
from dispatch.triggers import TriggerRequest, accept
from models.values.given import GivenRecipient
from tests.builders import delay_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.houses import House
from tests.virtual_time import VirtualTime, place_of


async def test_temporal_counts_the_open_runs_of_one_environment(
    house: House, environment: TestEnvironment
) -> None:
    await publish(house.database, environment, "welcome", workflow(delay_step()))
    people = [GivenRecipient.read({"id": name}) for name in ("ada", "bob")]
    request = TriggerRequest(workflow_key="welcome", recipients=people, request_id="test")
    await accept(house.database, house.temporal, place_of(environment), request)

    async def counted() -> int | None:
        return await count_running(house.temporal, environment.slug)

    assert await eventually(counted, until=lambda seen: seen == 2) == 2
    assert await count_running(house.temporal, "elsewhere") == 0


async def test_a_server_that_cannot_count_says_nothing(virtual: VirtualTime) -> None:
    assert await count_running(virtual.temporal, "development") is None
