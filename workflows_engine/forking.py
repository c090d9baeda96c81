"""How a run goes one of several ways (E-BRANCH-3)."""

from workflows_engine.effects.effect import Effect
from workflows_engine.effects.steps import ChooseAnswer, StepAsk
from workflows_engine.run import Run
from workflows_engine.step import Jump, Next, PlannedStep


async def take_way(
    run: Run, step: PlannedStep, targets: list[int], choose: Effect[StepAsk, ChooseAnswer]
) -> Next:
    """Ask which of a step's ways to take, and go where it begins; a step that is skipped takes none."""
    answer = await run.perform(step, choose)
    return run.settle(step, answer) or Jump(targets[answer.index])
