"""Accepting cancels: the row first, then the signals (D10)."""

import pytest
from temporalio.client import Client

from dispatch.cancels import CancelRequest, accept_cancel
from dispatch.codec import data_converter
from dispatch.errors import Unavailable
from dispatch.temporal import Temporal
from dispatch.triggers import Place
from models.database import Database
from tests.builders import in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.runs import rows, write_run


async def test_a_cancel_that_temporal_did_not_hear_is_written_down_and_its_caller_told(
    database: Database, environment: TestEnvironment
) -> None:
    # E-CANCEL-1
    await publish(database, environment, "greet", workflow(in_app_step()))
    await write_run(database, environment, "greet", cancellation_key="k")
    nowhere = await Client.connect("127.0.0.1:9", data_converter=data_converter(None), lazy=True)

    with pytest.raises(Unavailable, match="Temporal does not answer"):
        await accept_cancel(
            database,
            Temporal(client=nowhere),
            Place(environment.id, environment.slug),
            CancelRequest(workflow_key="greet", cancellation_key="k"),
        )

    assert len(await rows(database, "SELECT 1 FROM cancels WHERE environment_id = %s", environment.id)) == 1
