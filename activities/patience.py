"""Insisting on a write, where starting the effect again would repeat what reached the outside."""

from temporalio import activity
from tenacity import AsyncRetrying, RetryCallState, wait_exponential

LONGEST_PAUSE_SECONDS = 30
INSISTED = "tocsin_insisted_writes"
"""Counter: tries of a write that failed after something was sent; alert when it keeps growing (D26)."""


def patiently() -> AsyncRetrying:
    """Try again without end, at most 30 s apart.

    After every exception, a mistake of ours included: raising it would send the same mail again, and again.
    """
    return AsyncRetrying(
        wait=wait_exponential(multiplier=0.25, max=LONGEST_PAUSE_SECONDS), before_sleep=_count
    )


def _count(state: RetryCallState) -> None:
    if activity.in_activity():
        activity.metric_meter().create_counter(INSISTED, "failed writes after a send").add(1)
    error = state.outcome.exception() if state.outcome else None
    activity.logger.warning("a write failed after a send, it is tried again: %s", error)
