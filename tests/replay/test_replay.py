"""Every recorded history runs through today's code, in the sandbox, and comes to the same decisions.

When one fails, runs in flight would fail the same way: gate the change with `workflow.patched`, or retire the
history with a line in CHANGELOG.md (docs/operating.md, "Versions of running workflows").
"""

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from dispatch.codec import data_converter
from tests.replay.reading import FILES, HISTORIES, payloads, read, started
from tests.replay.stage import CANARY
from tests.sandboxes import WHOLE_ENGINE, sandbox_with_shapes
from worker.assembly import WORKFLOWS
from worker.sandbox import sandbox
from workflows_engine.errors import EngineError


@pytest.fixture(scope="module")
def replayer(request: pytest.FixtureRequest) -> Replayer:
    return Replayer(
        workflows=WORKFLOWS,
        workflow_runner=sandbox() if request.config.getoption(WHOLE_ENGINE) else sandbox_with_shapes(),
        data_converter=data_converter(None),
        workflow_failure_exception_types=[EngineError],
    )


async def replay(replayer: Replayer, history: dict[str, Any]) -> Exception | None:
    """Why it does not replay, if it does not."""
    recorded = WorkflowHistory.from_json(started(history)["workflowId"], history)
    return (await replayer.replay_workflow(recorded, raise_on_replay_failure=False)).replay_failure


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_recorded_history_replays(replayer: Replayer, file: Path) -> None:
    assert await replay(replayer, read(file)) is None


async def test_a_history_of_other_decisions_does_not_replay(replayer: Replayer) -> None:
    changed = (HISTORIES / "in_app_and_email.json").read_text().replace("deliver_message", "send_message")
    assert isinstance(await replay(replayer, json.loads(changed)), NondeterminismError)


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
