"""What workflow code may share with the process when it runs in Temporal's sandbox."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

# Pure libraries and our values: importing them afresh for each workflow costs time and checks nothing. The
# engine itself stays inside, where its calls are checked (house law: four walls).
SHARED = ("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "models")


def sandbox(*more: str) -> SandboxedWorkflowRunner:
    """The runner of every test and of CI (D4); `more` are modules that a test shares with it as well."""
    shared = SandboxRestrictions.default.with_passthrough_modules(*SHARED, *more)
    return SandboxedWorkflowRunner(restrictions=shared)
