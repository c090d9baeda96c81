"""Telling runs that wait: what cannot be told now is the reconciler's, and never the caller's mistake."""

from uuid import uuid4

from temporalio.client import Client

from cli.embedded.ports import free_port
from dispatch.codec import data_converter
from dispatch.temporal import Temporal
from dispatch.waking import wake


async def test_who_never_reached_temporal_tells_nobody_and_goes_on() -> None:
    # As an API that was started while Temporal is away.
    away = await Client.connect(f"127.0.0.1:{free_port()}", lazy=True, data_converter=data_converter(None))
    run = {
        "id": uuid4(),
        "slug": "development",
        "workflow_key": "greet",
        "workflow_run_id": uuid4(),
        "recipient_collection": "$users",
        "recipient_id": "ada",
        "incarnation": 0,
    }
    await wake(Temporal(client=away), [run])
