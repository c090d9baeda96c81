"""Performs random cohort steps: which cohort a recipient falls into (E-EXPERIMENT)."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import accumulate
from typing import Any

from activities.forks import Choice, keep
from activities.keys import resolve_key
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load
from activities.step_log import failure
from activities.versions import Versions
from models.database import Database
from rendering.environment import TemplateError
from workflows_engine import effects
from workflows_engine.effects.steps import ChooseAnswer, StepAsk
from workflows_engine.scope import RunScope
from workflows_engine.steps.random_cohort import RandomCohortStep


class RandomCohortSteps:
    """Performs `draw_cohort`."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    @performs(effects.draw_cohort)
    async def draw_cohort(self, ask: StepAsk) -> ChooseAnswer:
        """The cohort of the step's key, with the key and the distribution in the log."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
        choice = think(ask, standing, scope)
        return await keep(self._database, ask, standing, "random_cohort", choice)


def think(ask: StepAsk, standing: Standing, scope: RunScope) -> Choice:
    """The key, by default the recipient's id, and where it falls."""
    if standing.stop is not None:
        return Choice(ChooseAnswer(**standing.stop.model_dump()))
    step: RandomCohortStep = standing.version.definition.step(ask.step_ref)
    told: dict[str, Any] = {}
    key = standing.ref.id
    if step.cohort_key:
        try:
            # The key is logged, so it does not see secret variables.
            key = resolve_key(step.cohort_key, replace(scope, secrets={}), ask.now)
        except TemplateError as error:
            where = f" in line {error.line}" if error.line else ""
            failed = failure(ask, f"template error in cohort_key{where}")
            return Choice(ChooseAnswer(**failed.model_dump()))
        if not key:
            told["warning"] = f"cohort_key {step.cohort_key!r} is empty for this run"
    cohorts = step.cohort_branches
    index = draw(f"{standing.version.key}:{ask.step_ref}:{key}", [cohort.share for cohort in cohorts])
    told |= {
        "index": index,
        "cohort": cohorts[index].name,
        "key": key,
        "distribution": [{"name": one.name, "percentage": str(one.share)} for one in cohorts],
    }
    answer = ChooseAnswer(index=index, reason=f"drew cohort {index + 1} of {len(cohorts)}")
    return Choice(answer, told)


def draw(seed: str, shares: Sequence[Decimal]) -> int:
    """Where a seed falls among percentages that sum to 100, each with one decimal place (E-EXPERIMENT-3)."""
    point = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) % 1000
    return next(index for index, end in enumerate(accumulate(shares)) if point < end * 10)
