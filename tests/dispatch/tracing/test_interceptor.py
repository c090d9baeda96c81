import base64
import json
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from dispatch.codec import data_converter
from dispatch.tracing.interceptor import Tracing
from tests.replay.reading import HISTORIES, read, started
from worker.assembly import WORKFLOWS
from worker.sandbox import sandbox
from workflows_engine.errors import EngineError

CARRIED = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
# A run, one that others join by signals, a fan-out, a delivery, a run that was cancelled.
KINDS = ("in_app_and_email", "batch_leader", "fan_out", "delivery_retried", "delay_cancelled_in_temporal")


@pytest.mark.parametrize("name", KINDS)
async def test_a_traced_run_replays_in_the_sandbox_to_the_same_decisions_and_makes_no_span(name: str) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    replayer = Replayer(
        workflows=WORKFLOWS,
        workflow_runner=sandbox(),
        data_converter=data_converter(None),
        workflow_failure_exception_types=[EngineError],
        interceptors=[Tracing(provider.get_tracer("test"))],
    )

    replayed = await replayer.replay_workflow(_traced(HISTORIES / f"{name}.json"))

    assert replayed.replay_failure is None
    assert [span.name for span in kept.get_finished_spans()] == []


def _traced(file: Path) -> WorkflowHistory:
    """The history as it would have been recorded had its run been started in a trace."""
    history = read(file)
    payload = {
        "metadata": {"encoding": base64.b64encode(b"json/plain").decode()},
        "data": base64.b64encode(json.dumps(CARRIED).encode()).decode(),
    }
    started(history)["header"] = {"fields": {"_tracer-data": payload}}
    return WorkflowHistory.from_json(started(history)["workflowId"], history)
