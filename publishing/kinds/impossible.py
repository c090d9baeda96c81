"""What a workflow asks for that its own rules can never give: told at push, not when it runs."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from models.values.durations import LONGEST, Duration
from publishing.mistakes import Mistake
from workflows_engine.definition import WorkflowDefinition
from workflows_engine.step import Step
from workflows_engine.steps.batch import BatchStep
from workflows_engine.steps.delay import DelayStep

SOME_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
"""Months are counted from here: no year with a leap day, so that twelve of them are 365 days."""
OF_A_STEP = re.compile(r"refs\.([^.\[\]\s]+)")


def impossible(definition: WorkflowDefinition, content: dict[str, Any]) -> list[Mistake]:
    """Lengths beyond the limits (E-DELAY-6, E-BATCH-15), and conditions on steps that are not there."""
    found = [mistake for path, step in definition.walk() for mistake in _lengths(path, step)]
    refs = {step.ref for _, step in definition.walk()}
    for path, variable in _variables(content.get("steps"), "steps"):
        named = OF_A_STEP.match(variable)
        if named is not None and named[1] not in refs:
            words = f'no step has the ref "{named[1]}"; expected one of {", ".join(sorted(refs))}'
            found.append(Mistake(path, words))
    return found


def _lengths(path: str, step: Step) -> Iterator[Mistake]:
    """With a field path they are distances from its moment, which may lie anywhere."""
    if isinstance(step, DelayStep) and step.settings.delay_until_field_path is None:
        yield from _length(f"{path}.settings.delay_for", step.settings.delay_for)
    if isinstance(step, BatchStep) and step.settings.batch_until_field_path is None:
        yield from _length(f"{path}.settings.batch_window", step.settings.batch_window)


def _length(path: str, given: Duration | None) -> Iterator[Mistake]:
    length = timedelta() if given is None else given.after(SOME_YEAR) - SOME_YEAR
    if not timedelta() <= length <= LONGEST:
        yield Mistake(path, f"{given} is not between 0 and {LONGEST.days} days")


def _variables(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """What conditions look at, wherever in the steps they stand."""
    if isinstance(value, list):
        for index, below in enumerate(value):
            yield from _variables(below, f"{path}[{index}]")
    elif isinstance(value, dict):
        if isinstance(value.get("variable"), str) and "operator" in value:
            yield f"{path}.variable", value["variable"]
        else:
            for key, below in value.items():
                yield from _variables(below, f"{path}.{key}")
