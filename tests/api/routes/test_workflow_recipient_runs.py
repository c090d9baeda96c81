from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from knockapi import AsyncKnock

from models.ids import new_uuid
from models.values.refs import RecipientRef
from tests.api.conftest import Client
from tests.api.rows import Rows

PROJECT = RecipientRef(collection="projects", id="p1")


async def found(client: Client, **params: Any) -> list[str]:
    return [run["id"] for run in (await client.found("/v1/workflow_recipient_runs", **params))["items"]]


async def test_the_sdk_pages_through_runs_newest_first(sdk: AsyncKnock, rows: Rows) -> None:
    runs = [await rows.run() for _ in range(3)]
    page = await sdk.workflow_recipient_runs.list(page_size=2)
    assert [run.id async for run in page] == [str(run.id) for run in reversed(runs)]


@pytest.mark.rule("E-DEBUG-2")
async def test_the_sdk_reads_a_run_with_its_log_as_it_happened(sdk: AsyncKnock, rows: Rows) -> None:
    run = await rows.run(PROJECT, actor="bob", tenant_id="acme", cancellation_key="k")
    await rows.run_event(run, "run_started")
    await rows.run_event(
        run, "message_enqueued", step_ref="email_1", step_type="channel", data={"channel_type": "email"}
    )
    detail = await sdk.workflow_recipient_runs.get(str(run.id))
    assert detail.to_dict()["recipient"] == {"id": "p1", "collection": "projects"}
    assert (detail.actor, detail.tenant, detail.workflow) == ("bob", "acme", "hello")
    assert detail.workflow_run_id == str(run.trigger_id)
    assert (detail.trigger_source.type, detail.trigger_source.cancellation_key) == ("api", "k")
    assert [(event.event, event.step_ref, event.data) for event in detail.events] == [
        ("run_started", None, None),
        ("message_enqueued", "email_1", {"channel_type": "email"}),
    ]


@pytest.mark.rule("E-RUN-1", "E-DEBUG-1")
async def test_runs_are_filtered(client: Client, rows: Rows) -> None:
    ada = str((await rows.run("ada", workflow_key="news", tenant_id="acme")).id)
    project = await rows.run(PROJECT)
    await rows.change("recipient_runs", project.id, status="paused", error_count=1)
    other = str(project.id)
    assert await found(client, workflow="news") == [ada]
    assert await found(client, **{"status[]": "paused"}) == [other]
    assert await found(client, status="queued") == [ada]
    assert await found(client, tenant="acme") == [ada]
    assert await found(client, has_errors="true") == [other]
    assert await found(client, has_errors="false") == [ada]
    assert await found(client, recipient="ada") == [ada]
    assert await found(client, **{"recipient[id]": "p1", "recipient[collection]": "projects"}) == [other]


@pytest.mark.parametrize(
    ("name", "value"),
    [("has_errors", "maybe"), ("starting_at", "garbage"), ("ending_at", "soon"), ("starting_at[gt]", "x")],
)
async def test_a_filter_that_cannot_be_read_is_refused(client: Client, name: str, value: str) -> None:
    told = await client.refused("GET", "/v1/workflow_recipient_runs", params={name: value})
    assert (told["status"], told["errors"][0]["field"]) == (422, name.partition("[")[0])


@pytest.mark.rule("E-TRIGGER-29")
async def test_a_run_names_the_schedule_it_comes_from(client: Client, rows: Rows) -> None:
    run, schedule_id = await rows.run(trigger_source="schedule"), new_uuid()
    await rows.change("triggers", run.trigger_id, schedule_id=schedule_id)
    detail = await client.found(f"/v1/workflow_recipient_runs/{run.id}")
    source = {
        "type": "schedule",
        "schedule_id": str(schedule_id),
        "audience_key": None,
        "cancellation_key": None,
    }
    assert detail["trigger_source"] == source


@pytest.mark.rule("E-DEBUG-1")
async def test_runs_are_bounded_by_time(client: Client, rows: Rows) -> None:
    first, second = str((await rows.run()).id), str((await rows.run()).id)
    listed = (await client.found("/v1/workflow_recipient_runs"))["items"]
    assert await found(client, starting_at=listed[0]["inserted_at"]) == [second]
    assert await found(client, ending_at=listed[1]["inserted_at"]) == [first]


@pytest.mark.rule("E-DEBUG-5", "E-LIMITS-46")
async def test_a_run_is_shown_for_thirty_days_after_it_finished(client: Client, rows: Rows) -> None:
    kept, gone, asleep = [await rows.run() for _ in range(3)]
    now = datetime.now(UTC)
    for run, age in ((kept, timedelta(days=29)), (gone, timedelta(days=30, minutes=1))):
        values = {"status": "completed", "outcome": "finished", "finished_at": now - age}
        await rows.change("recipient_runs", run.id, **values)
    await rows.change("recipient_runs", asleep.id, inserted_at=now - timedelta(days=200))

    assert await found(client) == [str(kept.id), str(asleep.id)]
    assert (await client.refused("GET", f"/v1/workflow_recipient_runs/{gone.id}"))["status"] == 404
    assert (await client.get(f"/v1/workflow_recipient_runs/{asleep.id}")).status_code == 200


async def test_a_run_that_is_not_here_is_missing(client: Client) -> None:
    for run_id in ("id", str(new_uuid())):
        told = await client.refused("GET", f"/v1/workflow_recipient_runs/{run_id}")
        assert (told["status"], told["code"]) == (404, "resource_missing")
