"""Ties a method to the effect it performs; mypy compares the two types."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.standing import RowMissing
from dispatch.log_lines import performing
from workflows_engine.effects.effect import Effect
from workflows_engine.errors import ROW_MISSING

Ask = TypeVar("Ask", bound=BaseModel)
Answer = TypeVar("Answer", bound=BaseModel)

FAILURES = "tocsin_effect_failures"
"""Counter: tries of an effect that our own infrastructure failed; alert when it keeps growing (D26)."""


def performs(
    effect: Effect[Ask, Answer],
) -> Callable[[Callable[[Any, Ask], Awaitable[Answer]]], Callable[[Any, Ask], Awaitable[Answer]]]:
    """Make the method the Temporal activity of this effect, and count the tries that raise.

    They are made without end, but for a run that has no row: the reconciler says what becomes of it.
    """

    def tie(method: Callable[[Any, Ask], Awaitable[Answer]]) -> Callable[[Any, Ask], Awaitable[Answer]]:
        @wraps(method)
        async def perform(self: Any, ask: Ask) -> Answer:
            with performing(ask):
                try:
                    return await method(self, ask)
                except RowMissing as error:
                    raise ApplicationError(str(error), type=ROW_MISSING, non_retryable=True) from error
                except Exception as error:
                    if activity.in_activity():
                        _count(effect.name, error)
                    raise

        tied: Callable[[Any, Ask], Awaitable[Answer]] = activity.defn(name=effect.name)(perform)
        return tied

    return tie


def _count(effect: str, error: Exception) -> None:
    meter = activity.metric_meter().with_additional_attributes({"effect": effect})
    meter.create_counter(FAILURES, "tries of an effect that raised").add(1)
    activity.logger.warning("%s failed, it is tried again: %s", effect, error)
