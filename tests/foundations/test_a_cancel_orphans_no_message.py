"""D11: a cancel between a committed message and its delivery must not leave the message behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from cli.embedded.temporal import EmbeddedTemporal
from dispatch.codec import data_converter
from dispatch.starting import StartableRun, start_recipient_run
from dispatch.temporal import Temporal
from models.database import Database
from models.sealing import Sealer
from models.values.refs import RecipientRef
from outbound.client import build_client
from tests.builders import delay_step, email_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.houses import SECRET, Mailbox
from tests.runs import rows, write_run
from worker.assembly import WORKFLOWS, Parts, performers
from worker.sandbox import sandbox
from workflows_engine import names
from workflows_engine.effects.runs import BeginAnswer, BeginAsk


class Gate:
    """Holds back the answer of a beginning, with which the first message was committed."""

    def __init__(self, begin: Callable[..., Any]) -> None:
        self._begin = begin
        self.committed = asyncio.Event()
        self.opened = asyncio.Event()
        self.calls = 0

    @activity.defn(name="begin_run")
    async def begin_run(self, ask: BeginAsk) -> BeginAnswer:
        self.calls += 1
        answer: BeginAnswer = await self._begin(ask)
        assert answer.first is not None
        assert answer.first["message_ids"]
        self.committed.set()
        await self.opened.wait()
        return answer


@asynccontextmanager
async def gated_worker(parts: Parts) -> AsyncIterator[Gate]:
    methods = {activity._Definition.must_from_callable(one).name: one for one in performers(parts)}
    gate = Gate(methods["begin_run"])
    methods["begin_run"] = gate.begin_run
    runs = Worker(
        parts.temporal.client,
        task_queue=names.RUNS,
        workflows=WORKFLOWS,
        activities=list(methods.values()),
        workflow_runner=sandbox(),
    )
    sends = Worker(parts.temporal.client, task_queue=names.SENDS, activities=list(methods.values()))
    async with runs, sends:
        yield gate


@pytest.fixture
async def own_temporal(tmp_path: Path) -> AsyncIterator[Temporal]:
    """A server whose queues no other worker of the suite polls."""
    server = EmbeddedTemporal(tmp_path, 0, None)
    server.start()
    client = await Client.connect(server.address, data_converter=data_converter(None))
    yield Temporal(client=client)
    server.stop()


async def test_a_message_committed_before_a_cancel_is_delivered(
    database: Database, environment: TestEnvironment, own_temporal: Temporal, mailbox: Mailbox
) -> None:
    await publish(database, environment, "mail", workflow(email_step(), delay_step()))
    ada = {"id": "ada", "name": "Ada", "email": f"{environment.slug}@example.com"}
    run = await write_run(database, environment, "mail", ada)
    http = build_client()
    async with gated_worker(Parts(database, own_temporal, http, Sealer(SECRET))) as gate:
        startable = StartableRun(
            environment.id, environment.slug, "mail", run.trigger_id, run.id, RecipientRef(id="ada")
        )
        await start_recipient_run(own_temporal, startable)
        await gate.committed.wait()
        handle = own_temporal.client.get_workflow_handle(startable.workflow_id)
        await handle.cancel()
        gate.opened.set()

        async def status() -> WorkflowExecutionStatus | None:
            return (await handle.describe()).status

        closed = await eventually(status, until=lambda seen: seen != WorkflowExecutionStatus.RUNNING)
    await http.aclose()

    assert closed == WorkflowExecutionStatus.CANCELED
    messages = await rows(database, "SELECT status FROM messages WHERE recipient_run_id = %s", run.id)
    assert messages == [{"status": "sent"}]
    assert len(mailbox.mails_to(ada["email"])) == 1
    found = await rows(database, "SELECT status, outcome FROM recipient_runs WHERE id = %s", run.id)
    assert found == [{"status": "cancelled", "outcome": "cancelled"}]


async def test_a_signal_during_the_closing_task_repeats_effects_and_doubles_nothing(
    database: Database, environment: TestEnvironment, own_temporal: Temporal
) -> None:
    await publish(database, environment, "greet", workflow(in_app_step()))
    http = build_client()
    async with gated_worker(Parts(database, own_temporal, http, Sealer(SECRET))) as gate:
        # Whether the signal meets the closing task is a matter of moments: try until it did.
        for _ in range(10):
            await signal_while_closing(database, environment, own_temporal, gate)
            if gate.calls > 1:
                break
    await http.aclose()

    assert gate.calls > 1, "Temporal did not repeat the effect: the test shows nothing"


async def signal_while_closing(
    database: Database, environment: TestEnvironment, temporal: Temporal, gate: Gate
) -> None:
    """One run that is signalled between its message's commit and the end of its only workflow task."""
    gate.calls = 0
    gate.committed.clear()
    gate.opened.clear()
    run = await write_run(database, environment, "greet")
    startable = StartableRun(
        environment.id, environment.slug, "greet", run.trigger_id, run.id, RecipientRef(id="ada")
    )
    await start_recipient_run(temporal, startable)
    await gate.committed.wait()
    handle = temporal.client.get_workflow_handle(startable.workflow_id)
    await handle.signal(names.JOINED, args=["batch_1", 2])
    gate.opened.set()
    assert await handle.result() == "finished"
    messages = await rows(database, "SELECT status FROM messages WHERE recipient_run_id = %s", run.id)
    assert messages == [{"status": "delivered"}]
    items = await rows(database, "SELECT 1 FROM feed_items WHERE recipient_run_id = %s", run.id)
    assert len(items) == 1
