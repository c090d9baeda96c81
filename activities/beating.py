"""Heartbeats beside a call to the outside, so that a lost worker is noticed within seconds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from temporalio import activity

INTERVAL_SECONDS = 1.5


@asynccontextmanager
async def beating(*details: Any) -> AsyncIterator[None]:
    """Beat with these details while the block runs; a block that is done sooner never does."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            activity.heartbeat(*details)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
