"""Steps that are accepted and not run yet: a run passes over them, and its log says so."""

from typing import Literal

from temporalio import workflow

from workflows_engine.effects.steps import PassOverAsk, pass_over_step
from workflows_engine.run import Run
from workflows_engine.step import GoOn, Next, PlannedStep, Step, Unsupported


class PassedOverPlan(PlannedStep):
    """What travels of a step that is not run: its type, and why not. Steps inside it do not travel."""

    type: Literal["passed_over"] = "passed_over"
    step_type: str
    why: str

    async def run(self, run: Run) -> Next:
        ask = PassOverAsk(
            environment_id=run.given.environment_id,
            recipient_run_id=run.given.recipient_run_id,
            step_ref=self.ref,
            now=workflow.now(),
            step_type=self.step_type,
            why=self.why,
        )
        answer = await pass_over_step(ask, summary=f"{self.ref}: passed over")
        return run.settle(self, answer) or GoOn()


def planned(step: Step) -> PlannedStep:
    """What travels of a step; one that cannot be run as it is written is passed over."""
    for found in step.unsupported():
        if found.passes_over:
            return PassedOverPlan(ref=step.ref, step_type=step.type, why=found.what)
    return step.plan()


def not_run(step_type: str) -> list[Unsupported]:
    """What a step says of itself whose type no run carries out yet."""
    return [Unsupported("type", f"{step_type} steps are not run by this release", passes_over=True)]
