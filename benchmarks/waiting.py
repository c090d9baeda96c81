"""Waiting for the system under measurement."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(is_so: Callable[[], Awaitable[bool]], pause_seconds: float = 0.05) -> None:
    """Ask again and again; a benchmark is stopped by whoever started it."""
    for _ in range(1_000_000):
        if await is_so():
            return
        await asyncio.sleep(pause_seconds)
