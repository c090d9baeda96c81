"""Every recorded history runs through today's code, in the sandbox, and comes to the same decisions.

When one fails, runs in flight would fail the same way: gate the change with `workflow.patched`, or retire the
history with a line in CHANGELOG.md (docs/operating.md, "Versions of running workflows").
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError, _Definition

from dispatch.codec import data_converter
from tests.replay.record import CANARY, HISTORIES
from worker.assembly import WORKFLOWS
from worker.sandbox import sandbox
from workflows_engine.errors import EngineError
from workflows_engine.steps import PLANNED_TYPES

FILES = sorted(HISTORIES.glob("*.json"))


@pytest.fixture(scope="module")
def replayer() -> Replayer:
    return Replayer(
        workflows=WORKFLOWS,
        workflow_runner=sandbox(),
        data_converter=data_converter(None),
        workflow_failure_exception_types=[EngineError],
    )


def read(file: Path) -> dict[str, Any]:
    history: dict[str, Any] = json.loads(file.read_text())
    return history


def started(history: dict[str, Any]) -> dict[str, Any]:
    attributes: dict[str, Any] = history["events"][0]["workflowExecutionStartedEventAttributes"]
    return attributes


async def replay(replayer: Replayer, history: dict[str, Any]) -> None:
    await replayer.replay_workflow(WorkflowHistory.from_json(started(history)["workflowId"], history))


def payloads(value: Any) -> list[str]:
    """Everything that was handed to Temporal, decoded."""
    if isinstance(value, dict):
        own = [base64.b64decode(value["data"]).decode()] if "metadata" in value and "data" in value else []
        return own + [text for inner in value.values() for text in payloads(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in payloads(inner)]
    return []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_recorded_history_replays(replayer: Replayer, file: Path) -> None:
    await replay(replayer, read(file))


async def test_a_history_of_other_decisions_does_not_replay(replayer: Replayer) -> None:
    changed = (HISTORIES / "in_app_and_email.json").read_text().replace("deliver_message", "send_message")
    with pytest.raises(NondeterminismError):
        await replay(replayer, json.loads(changed))


def test_every_workflow_has_a_history() -> None:
    recorded = {started(read(file))["workflowType"]["name"] for file in FILES}
    assert recorded == {_Definition.must_from_class(one).name for one in WORKFLOWS}


@pytest.mark.parametrize("planned_type", PLANNED_TYPES)
def test_every_type_of_planned_step_has_a_history(planned_type: str) -> None:
    seen = [text for file in FILES for text in payloads(read(file))]
    assert any(f'"type":"{planned_type}"' in text for text in seen)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_history_holds_neither_data_nor_properties_nor_templates(file: Path) -> None:
    history = read(file)
    assert payloads(history)
    assert CANARY not in file.read_text()
    assert not [text for text in payloads(history) if CANARY in text]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_history_does_not_say_where_it_was_recorded(file: Path) -> None:
    def identities(value: Any) -> set[str]:
        if isinstance(value, list):
            return {name for inner in value for name in identities(inner)}
        if not isinstance(value, dict):
            return set()
        own = {value["identity"]} if "identity" in value else set()
        return own | {name for inner in value.values() for name in identities(inner)}

    assert identities(read(file)) <= {"recorder", "history-service"}
