"""What workflow code may share with the process when it runs in Temporal's sandbox."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

# Pure libraries and values: importing them afresh for each workflow costs time and checks nothing. What
# decides stays inside, where its calls are checked (house law: four walls). Of the engine only shapes are
# shared: what effects ask and answer, and what a step is written of. Building them was most of an import.
SHARED = (
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
    "models",
    "workflows_engine.effects",
    "workflows_engine.names",
    "workflows_engine.step",
    "workflows_engine.templates",
    "workflows_engine.visual_blocks",
)


def sandbox() -> SandboxedWorkflowRunner:
    """The runner of every test and of CI (D4)."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*SHARED))
