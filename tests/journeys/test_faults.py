"""What is away, broken or not configured: told, visible, and never a hung run."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from knockapi import AsyncKnock
from temporalio.client import Client

from cli.embedded.temporal import EmbeddedTemporal
from dispatch.codec import data_converter
from dispatch.temporal import Temporal
from models.database import Database
from models.sealing import Sealer
from outbound.client import build_client
from tests.builders import email_step, in_app_step, workflow
from tests.committing import publish
from tests.environments import TestEnvironment, make_environment
from tests.eventually import eventually
from tests.feeds import feed_with
from tests.houses import SECRET, House, Mailbox, open_house
from tests.journeys.settling import settled_runs
from tests.runs import rows
from worker.assembly import Parts


@dataclass(frozen=True)
class ShakyHouse:
    """A house on a Temporal of its own, which may be stopped and started."""

    house: House
    server: EmbeddedTemporal

    async def trigger(self, environment: TestEnvironment, key: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {environment.secret_key}", "idempotency-key": key}
        async with httpx.AsyncClient(base_url=self.house.url, headers=headers, timeout=30) as http:
            return await http.post("/v1/workflows/greet/trigger", json={"recipients": [{"id": "ada"}]})


@pytest.fixture
async def shaky(database: Database, mailbox: Mailbox, tmp_path: Path) -> AsyncIterator[ShakyHouse]:
    server = EmbeddedTemporal(tmp_path, 0, None)
    server.start()
    client = await Client.connect(
        server.address, namespace=server.namespace, data_converter=data_converter(None)
    )
    http = build_client(["127.0.0.0/8"])
    parts = Parts(database=database, temporal=Temporal(client=client), http=http, sealer=Sealer(SECRET))
    async with open_house(parts, mailbox) as house:
        yield ShakyHouse(house, server)
    await http.aclose()
    server.stop()


async def test_while_temporal_is_away_callers_are_told_to_come_back_and_nothing_is_lost(
    shaky: ShakyHouse, environment: TestEnvironment
) -> None:
    database = shaky.house.database
    await publish(database, environment, "greet", workflow(in_app_step()))
    shaky.server.kill()

    told = await shaky.trigger(environment, "once")
    assert (told.status_code, told.json()["code"]) == (503, "unavailable")
    assert told.json().keys() >= {"code", "message", "status", "type"}
    assert int(told.headers["retry-after"]) > 0
    shaky.server.start()
    answer = await eventually(
        lambda: shaky.trigger(environment, "once"), until=lambda answer: answer.status_code == 200
    )

    async with shaky.house.knock(environment.secret_key) as knock:
        await feed_with(knock, "ada", 1)
    written = await rows(database, "SELECT id FROM triggers WHERE environment_id = %s", environment.id)
    assert [str(row["id"]) for row in written] == [answer.json()["workflow_run_id"]]
    assert len(await settled_runs(shaky.house, environment, 1)) == 1


async def run_of(house: House, environment: TestEnvironment, knock: AsyncKnock) -> dict[str, Any]:
    """The one run, once it ended, with its log."""
    run = (await settled_runs(house, environment, 1))[0]
    return {**run, "events": (await knock.workflow_recipient_runs.get(str(run["id"]))).events}


@pytest.fixture
async def mailless(house: House) -> TestEnvironment:
    """An environment whose mail server does not listen."""
    return await make_environment(house.database, Sealer(SECRET))


async def test_a_mail_server_out_of_reach_delays_the_mail_not_the_run(
    house: House, mailless: TestEnvironment
) -> None:
    await publish(house.database, mailless, "greet", workflow(email_step(), in_app_step()))
    async with house.knock(mailless.secret_key) as knock:
        await knock.workflows.trigger("greet", recipients=[{"id": "ada", "email": "ada@example.com"}])
        run = await run_of(house, mailless, knock)
        await feed_with(knock, "ada", 1)
        attempted = await eventually(
            lambda: mails(knock, mailless), until=lambda found: found[0].status != "queued"
        )
        events = (await knock.messages.list_events(attempted[0].id)).items
        logs = (await knock.messages.list_delivery_logs(attempted[0].id)).items

    assert (run["status"], run["outcome"], run["error_count"]) == ("completed", "finished", 0)
    assert attempted[0].status == "delivery_attempted"
    assert [event.type for event in events] == [
        "message.delivery_attempted",
        "message.queued",
        "message.created",
    ]
    assert (events[0].data or {})["retryable"] is True
    assert logs


async def mails(knock: AsyncKnock, environment: TestEnvironment) -> list[Any]:
    return (await knock.messages.list(channel_id=str(environment.email_channel_id))).items


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (email_step(), "the recipient has no email"),
    ],
)
async def test_a_step_that_cannot_send_is_skipped_and_says_why(
    house: House, environment: TestEnvironment, knock: AsyncKnock, step: dict[str, Any], reason: str
) -> None:
    await publish(house.database, environment, "greet", workflow(step, in_app_step()))

    await knock.workflows.trigger("greet", recipients=[{"id": "ada"}])

    run = await run_of(house, environment, knock)
    assert (run["status"], run["outcome"], run["error_count"]) == ("completed", "finished", 0)
    skipped = [event for event in run["events"] if event.event == "step_skipped"]
    assert [event.step_ref for event in skipped] == ["email_1"]
    assert reason in str(skipped[0].data)
    await feed_with(knock, "ada", 1)
    assert await mails(knock, environment) == []


async def test_a_template_that_fails_while_it_renders_is_told_in_the_log_and_tried_again(
    house: House, environment: TestEnvironment, knock: AsyncKnock
) -> None:
    step = in_app_step(body="a\n{{ 1 | modulo: data.n }}")
    await publish(house.database, environment, "greet", workflow(step))

    await knock.workflows.trigger("greet", recipients=[{"id": "ada"}], data={"n": 0}, cancellation_key="stop")

    logged = "SELECT attempt, data FROM run_events WHERE environment_id = %s AND event = 'step_failed'"
    failed = await eventually(lambda: rows(house.database, logged, environment.id))
    assert failed[0]["attempt"] == 1
    assert "template error" in failed[0]["data"]["error"]
    assert "line 2" in failed[0]["data"]["error"]
    await knock.workflows.cancel("greet", cancellation_key="stop")
    run = await run_of(house, environment, knock)
    assert (run["status"], [event.event for event in run["events"]].count("step_failed")) == ("cancelled", 1)
