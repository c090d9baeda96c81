"""The sandbox of tests that start many runs: what decides stays inside, and shapes need not be built anew.

`make check` replays the recorded histories, of each step type and outcome, with the whole engine inside:
whatever calls a clock is found there.
"""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from worker.sandbox import sandbox

WHOLE_ENGINE = "--whole-engine-in-sandbox"
"""The option of `make check`."""
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
