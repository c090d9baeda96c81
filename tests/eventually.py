"""Waiting for what must come true: tests poll with a deadline and never sleep for a guess."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 150
"""A shared machine may stand still for a minute; only a test that fails waits as long. Of calls, too: five
seconds, as httpx waits, were not enough for ten megabytes, nor the SDKs' sixty for a trigger."""


async def eventually(
    look: Callable[[], Awaitable[T]], *, until: Callable[[T], bool] = bool, seconds: float = PATIENCE_SECONDS
) -> T:
    """The first look that satisfies `until`; fails with the last one when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        seen = await look()
        if until(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s; last seen: {seen!r}")
        await asyncio.sleep(0.02)
