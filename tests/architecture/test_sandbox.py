"""Every workflow loads in Temporal's sandbox, and the engine stays inside it."""

import pytest
from temporalio import workflow
from temporalio.worker.workflow_sandbox import RestrictedWorkflowAccessError

from tests.architecture.clock_reader import ClockReaderWorkflow
from worker.assembly import WORKFLOWS
from worker.sandbox import SHARED, sandbox


@pytest.mark.parametrize("wanted", WORKFLOWS, ids=lambda one: one.__name__)
async def test_the_sandbox_loads_every_workflow(wanted: type) -> None:
    sandbox().prepare_workflow(workflow._Definition.must_from_class(wanted))


async def test_a_workflow_that_reads_the_clock_as_it_is_imported_does_not_load() -> None:
    with pytest.raises(RestrictedWorkflowAccessError, match="datetime"):
        sandbox().prepare_workflow(workflow._Definition.must_from_class(ClockReaderWorkflow))


def test_the_engine_is_never_shared_with_the_sandbox() -> None:
    # What is passed through is not checked when it is called: a time.time() in there would go unnoticed.
    assert not [name for name in SHARED if name.startswith("workflows_engine")]
