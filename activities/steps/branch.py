"""Performs branch steps: which branch is taken (E-BRANCH)."""

from typing import Any

from activities.forks import Choice, keep
from activities.judging import judged
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load
from activities.step_log import failure
from activities.versions import Versions
from models.database import Database
from workflows_engine import effects
from workflows_engine.effects.steps import ChooseAnswer, StepAsk
from workflows_engine.scope import RunScope
from workflows_engine.steps.branch import BranchStep


class BranchSteps:
    """Performs `choose_branch`."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    @performs(effects.choose_branch)
    async def choose_branch(self, ask: StepAsk) -> ChooseAnswer:
        """The first branch whose conditions hold, with the trace of all that were tried in the log."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
        choice = think(ask, standing, scope)
        return await keep(self._database, ask, standing, "branch", choice)


def think(ask: StepAsk, standing: Standing, scope: RunScope) -> Choice:
    """Tries the branches in order; one that cannot be judged fails the step (E-RUN-6)."""
    if standing.stop is not None:
        return Choice(ChooseAnswer(**standing.stop.model_dump()))
    step: BranchStep = standing.version.definition.step(ask.step_ref)
    tried: list[dict[str, Any]] = []
    chosen: int | None = None
    doubt: str | None = None
    for index, branch in enumerate(step.branches):
        line: dict[str, Any] = {"name": branch.name, "result": "not evaluated"}
        tried.append(line)
        if chosen is not None or doubt is not None:
            continue
        judgement = judged(branch.conditions, scope, ask.now)
        doubt = judgement.unjudged
        line.update(result=judgement.holds if doubt is None else "not judged", conditions=judgement.trace)
        if judgement.holds:
            chosen = index
    if chosen is None:
        # The default branch always holds, so this is a doubt.
        failed = failure(ask, doubt or "no branch holds")
        return Choice(ChooseAnswer(**failed.model_dump()), {"branches": tried})
    told = {"index": chosen, "branch": step.branches[chosen].name, "branches": tried}
    return Choice(ChooseAnswer(index=chosen, reason=f"took branch {chosen + 1} of {len(tried)}"), told)
