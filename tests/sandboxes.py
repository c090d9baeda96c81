"""The sandbox of tests that start many runs: what decides stays inside, and shapes need not be built anew.

The recorded histories, of each step type and outcome, are replayed with the whole engine inside
(tests/replay): whatever calls a clock is found there.
"""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from worker.sandbox import sandbox

# What effects ask and answer, and what a step is written of: building them is most of an import, and
# importing the engine is most of what a short run costs in the sandbox.
SHAPES = (
    "workflows_engine.effects",
    "workflows_engine.names",
    "workflows_engine.step",
    "workflows_engine.templates",
    "workflows_engine.visual_blocks",
)


def sandbox_with_shapes() -> SandboxedWorkflowRunner:
    return sandbox(*SHAPES)
