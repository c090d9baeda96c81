"""Triggers that meet, accepted as the API accepts them, with no worker to carry them out."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from cli.embedded.temporal import EmbeddedTemporal
from dispatch.codec import data_converter
from dispatch.temporal import Temporal
from dispatch.triggers import Place, TriggerRequest, accept
from models.database import Database
from models.values.given import GivenRecipient
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.runs import rows

EACH = 60
ACCEPTED = """
    SELECT r.recipient_id, count(*) AS accepted
    FROM recipient_runs r JOIN triggers t ON t.id = r.workflow_run_id
    WHERE r.environment_id = %s AND t.answered_at IS NOT NULL GROUP BY 1 ORDER BY 1
"""


@pytest.fixture
async def unworked(tmp_path: Path) -> AsyncIterator[Temporal]:
    """A server without a worker: what is accepted here would keep the suite's own busy for seconds."""
    server = EmbeddedTemporal(tmp_path, 0, None)
    server.start()
    yield Temporal(client=await Client.connect(server.address, data_converter=data_converter(None)))
    server.stop()


async def test_triggers_that_identify_the_same_two_people_crosswise_are_all_accepted(
    database: Database, environment: TestEnvironment, unworked: Temporal
) -> None:
    # E-TRIGGER-6
    await publish(database, environment, "greet", workflow(in_app_step()))

    async def greet(sender: str, recipient: str, number: int) -> None:
        request = TriggerRequest(
            workflow_key="greet",
            recipients=[GivenRecipient.read({"id": recipient, "number": number})],
            actor=GivenRecipient.read({"id": sender, "number": number}),
            request_id="test",
        )
        await accept(database, unworked, Place(environment.id, environment.slug), request)

    ways = [("ada", "bob"), ("bob", "ada")]
    await asyncio.gather(*(greet(*way, number) for number in range(EACH) for way in ways))

    assert await rows(database, ACCEPTED, environment.id) == [
        {"recipient_id": "ada", "accepted": EACH},
        {"recipient_id": "bob", "accepted": EACH},
    ]
