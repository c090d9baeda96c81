"""Steps that go one of several ways: what travels of them, and how a run takes one (E-BRANCH-3)."""

from workflows_engine.effects.effect import Effect
from workflows_engine.effects.steps import ChooseAnswer, StepAsk
from workflows_engine.run import Run
from workflows_engine.step import Jump, Next, PlannedStep


class ForkPlan(PlannedStep):
    """What travels of a step with ways: the positions where they begin, in the author's order.

    The position of a way without steps is where the run goes on after it. `then` is where the run goes on
    when no way is taken.
    """

    targets: list[int] = []

    async def take(self, run: Run, choose: Effect[StepAsk, ChooseAnswer]) -> Next:
        """Ask which way, and go there; a step that is skipped takes none."""
        answer = await run.perform(self, choose)
        return run.settle(self, answer) or Jump(self.targets[answer.index])
