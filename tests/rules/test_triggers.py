"""Triggers that meet, accepted as the API accepts them."""

import asyncio

from tests.builders import in_app_step, workflow
from tests.environments import TestEnvironment
from tests.runs import rows
from tests.virtual_time import VirtualTime

EACH = 60


async def test_triggers_that_identify_the_same_two_people_crosswise_are_all_accepted(
    virtual: VirtualTime, environment: TestEnvironment
) -> None:
    # E-TRIGGER-6
    await virtual.publish(environment, "greet", workflow(in_app_step()))

    async def greet(sender: str, recipient: str, number: int) -> None:
        actor = {"id": sender, "number": number}
        await virtual.accept(environment, "greet", {"id": recipient, "number": number}, actor=actor)

    ways = [("ada", "bob"), ("bob", "ada")]
    await asyncio.gather(*(greet(*way, number) for number in range(EACH) for way in ways))

    await virtual.idle(environment)
    told = (
        "SELECT recipient_id, count(*) AS told FROM messages WHERE environment_id = %s GROUP BY 1 ORDER BY 1"
    )
    assert await rows(virtual.database, told, environment.id) == [
        {"recipient_id": "ada", "told": EACH},
        {"recipient_id": "bob", "told": EACH},
    ]
