"""One trace leads from a caller through API, Temporal and worker to the provider; over real processes."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from knockapi import AsyncKnock
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from models.values.development import SECRET_KEY
from models.values.refs import RecipientRef
from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step, workflow
from tests.collectors import Collector, Seen, collecting
from tests.eventually import PATIENCE_SECONDS, eventually
from tests.faults.stack import Stack
from tests.waking import listed
from workflows_engine import names

CANARY = "canary"
"""In all that a span must not hold: ids and names of people, addresses, data, URLs."""
DONE = "CompleteWorkflow:RecipientRun"


@dataclass
class TracedStack(Stack):
    """API and worker as operators start them, with a collector."""

    endpoint: str = ""

    def environment(self, name: str) -> dict[str, str]:
        return {
            **super().environment(name),
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("traced")
    stack = TracedStack(folder, {"fsync": "off"}, endpoint=collector.endpoint)
    # Nobody listens on the port of the provider that this step asks.
    fetch = fetch_step(url=f"http://127.0.0.1:9/{CANARY}?{CANARY}=1")
    projects = {
        "mailed": workflow(in_app_step(), email_step()),
        "fetched": workflow(fetch),
        "slept": workflow(delay_step(), email_step()),
        "gathered": workflow(batch_step(seconds=86_400), in_app_step()),
    }
    try:
        stack.start(_project(folder / "project", projects))
        yield stack
    finally:
        stack.stop()


@pytest.fixture
async def knock(stack: Stack) -> AsyncIterator[AsyncKnock]:
    async with AsyncKnock(
        api_key=SECRET_KEY, base_url=stack.url, max_retries=0, timeout=PATIENCE_SECONDS
    ) as client:
        yield client


def _project(folder: Path, workflows: dict[str, Any]) -> Path:
    for key, content in workflows.items():
        place = folder / "workflows" / key
        place.mkdir(parents=True)
        (place / "workflow.json").write_text(json.dumps(content))
    return folder


async def trigger(knock: AsyncKnock, key: str, *people: str) -> tuple[str, str]:
    """Trigger as a caller who traces; the ids of the trace and of the caller's own span."""
    trace_id, span_id = uuid4().hex, uuid4().hex[:16]
    recipients: list[Any] = [
        {"id": f"{CANARY}-{one}", "name": CANARY, "email": f"{one}@{CANARY}.net"} for one in people
    ]
    header = {"traceparent": f"00-{trace_id}-{span_id}-01", "baggage": f"who={CANARY}"}
    await knock.workflows.trigger(
        key, recipients=recipients, data={"word": CANARY}, extra_headers=header, tenant=f"{CANARY}-inc"
    )
    return trace_id, span_id


async def arrived(collector: Collector, trace_id: str, is_whole: Callable[[list[str]], bool]) -> list[Seen]:
    """The spans of the trace, once their names say that it is whole and every parent is there but one."""

    async def look() -> list[Seen]:
        return collector.of(trace_id)

    return await eventually(
        look,
        until=lambda found: is_whole([one.name for one in found]) and len(_orphans(found)) == 1,
    )


def _orphans(spans: list[Seen]) -> list[Seen]:
    known = {one.span_id for one in spans}
    return [one for one in spans if one.parent_id not in known]


def path_to(spans: list[Seen], name: str) -> list[str]:
    """The names from the root down to the one span of that name."""
    by_id = {one.span_id: one for one in spans}
    (at,) = [one for one in spans if one.name == name]
    path = [at.name]
    while at.parent_id in by_id:
        at = by_id[at.parent_id]
        path.append(at.name)
    return path[::-1]


def one(spans: list[Seen], name: str) -> Seen:
    (found,) = [span for span in spans if span.name == name]
    return found


async def test_one_trace_leads_from_the_caller_to_the_mail_server(
    collector: Collector, knock: AsyncKnock
) -> None:
    trace_id, caller = await trigger(knock, "mailed", "ada")

    spans = await arrived(collector, trace_id, lambda names: DONE in names)

    assert [span.parent_id for span in _orphans(spans)] == [caller]
    assert path_to(spans, "send") == [
        "POST /v1/workflows/{key}/trigger",
        "accept trigger",
        "StartWorkflow:RecipientRun",
        "StartActivity:deliver_message",
        "RunActivity:deliver_message",
        "send",
    ]
    assert path_to(spans, "RunWorkflow:RecipientRun")[:-1] == path_to(spans, "StartWorkflow:RecipientRun")
    composed = [span for span in spans if span.name in ("first step", "RunActivity:compose_messages")]
    assert {span.attributes["tocsin.step_ref"] for span in composed} == {"in_app_1", "email_1"}
    assert {span.service for span in spans} == {"tocsin-api", "tocsin-worker"}
    sent = one(spans, "send").attributes
    assert sent.pop("tocsin.message_id")
    assert sent == {
        "tocsin.channel_type": "email",
        "tocsin.provider": "email_smtp",
        "tocsin.outcome": "sent",
    }
    accepted = one(spans, "accept trigger").attributes
    assert accepted["tocsin.workflow_key"] == "mailed"
    assert one(spans, "RunActivity:finish_run").attributes["tocsin.outcome"] == "finished"


async def test_a_fan_out_and_the_requests_of_its_runs_are_in_the_trace_of_their_trigger(
    collector: Collector, knock: AsyncKnock
) -> None:
    trace_id, _ = await trigger(knock, "fetched", "ada", "bob")

    spans = await arrived(collector, trace_id, lambda names: names.count("HTTP GET") >= 2)

    runs = [span for span in spans if span.name == "RunWorkflow:RecipientRun"]
    assert len({span.attributes["temporalWorkflowID"] for span in runs}) == 2
    assert path_to(spans, "RunActivity:expand_recipients")[2] == "StartWorkflow:WorkflowRun"
    asked = [span for span in spans if span.name == "HTTP GET"]
    assert {span.attributes["error.type"] for span in asked} == {"connect"}
    doing = {span.span_id: span.name for span in spans}
    assert {doing[span.parent_id] for span in asked} == {"RunActivity:fetch"}


async def has_a_timer(stack: Stack, workflow_key: str, user: str, run_id: str) -> bool:
    client = await Client.connect(stack.temporal.address)
    workflow_id = names.recipient_run_workflow(
        "development", workflow_key, RecipientRef(id=f"{CANARY}-{user}"), UUID(run_id)
    )
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    return EventType.EVENT_TYPE_TIMER_STARTED in [event.event_type for event in history.events]


async def test_a_run_that_another_worker_takes_up_goes_on_in_its_trace_and_repeats_no_span(
    collector: Collector, knock: AsyncKnock, stack: Stack
) -> None:
    trace_id, _ = await trigger(knock, "slept", "ada")
    headers = {"authorization": f"Bearer {SECRET_KEY}"}
    async with httpx.AsyncClient(base_url=f"{stack.url}/v1/tocsin", headers=headers, timeout=30) as operator:
        (pause,) = await eventually(lambda: listed(operator, "/pauses?workflow=slept"))
        # The row comes first: before Temporal knows of the timer it would give the task out again.
        await eventually(lambda: has_a_timer(stack, "slept", "ada", pause["recipient_run_id"]))
        stack.kill("worker")
        stack.revive("worker")
        (await operator.post(f"/pauses/{pause['recipient_run_id']}/wake")).raise_for_status()

    spans = await arrived(collector, trace_id, lambda names: DONE in names)

    names = [span.name for span in spans]
    assert path_to(spans, "send")[:3] == path_to(spans, "StartWorkflow:RecipientRun")
    assert {name: names.count(name) for name in names} == dict.fromkeys(names, 1)


async def test_whoever_is_absorbed_by_a_batch_is_linked_with_the_run_that_holds_it(
    collector: Collector, knock: AsyncKnock
) -> None:
    holder, _ = await trigger(knock, "gathered", "ada")
    await arrived(collector, holder, lambda names: "first step" in names)
    absorbed, _ = await trigger(knock, "gathered", "ada")

    told = await arrived(collector, holder, lambda names: "HandleSignal:joined" in names)
    spans = await arrived(collector, absorbed, lambda names: DONE in names)

    assert one(told, "HandleSignal:joined").links == [(absorbed, one(spans, "SignalWorkflow:joined").span_id)]
    joined = one(spans, "first step").attributes
    held = one(told, "first step").attributes
    assert joined["tocsin.owner_run_id"] == held["tocsin.recipient_run_id"]
    assert joined["tocsin.window_id"] == held["tocsin.window_id"]


async def test_what_a_schedule_does_for_months_is_not_in_the_trace_of_whoever_made_it(
    collector: Collector, knock: AsyncKnock, stack: Stack
) -> None:
    trace_id, span_id = uuid4().hex, uuid4().hex[:16]
    (made,) = await knock.schedules.create(
        workflow="mailed",
        recipients=["ada"],
        repeats=[{"frequency": "daily", "hours": 9}],
        extra_headers={"traceparent": f"00-{trace_id}-{span_id}-01"},
    )
    run_of, _ = await trigger(knock, "slept", "bob")
    spans = await arrived(collector, run_of, lambda names: "RunActivity:begin_run" in names)
    run_id = one(spans, "RunActivity:begin_run").attributes["temporalRunID"]

    client = await Client.connect(stack.temporal.address)

    async def headers(workflow_id: str) -> set[str]:
        events = [event async for event in client.get_workflow_handle(workflow_id).fetch_history_events()]
        return set(events[0].workflow_execution_started_event_attributes.header.fields)

    (run,) = [one.id async for one in client.list_workflows(f'RunId = "{run_id}"')]
    assert await headers(run) == {"_tracer-data"}
    assert await headers(f"schedule/{made.id}") == set()


async def test_no_span_tells_of_people_data_or_addresses(
    collector: Collector, knock: AsyncKnock, stack: Stack
) -> None:
    trace_id, _ = await trigger(knock, "mailed", "eve")
    async with httpx.AsyncClient(base_url=stack.url, timeout=PATIENCE_SECONDS) as client:
        await client.get(f"/v1/users/{CANARY}?{CANARY}=1", headers={"authorization": f"Bearer {CANARY}"})

    await arrived(collector, trace_id, lambda names: DONE in names)

    # Also what the tests before this one caused: fetches, batches, a worker that was killed.
    assert [span.text for span in collector.spans if CANARY in span.text or SECRET_KEY in span.text] == []
    # None begins by itself: the rounds of the reconciler are in no trace.
    begun = {span.name for span in collector.spans if not span.parent_id}
    assert {name.split(" ")[0] for name in begun} <= {"GET", "PUT", "POST"}
