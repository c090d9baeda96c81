"""Room for others: while they are at work, what a crowd asked for is done one after the other, with rests."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

WANTED_SECONDS = 1.0
"""Whoever was at work so lately may be again at any moment."""
REST_TIMES = 2.0
"""A rest lasts so many times as long as what was done before: Temporal and Postgres have work of it, too."""
LONGEST_REST_SECONDS = 0.1
"""What took longer waited for something else than this machine's processors."""
PATIENCE_SECONDS = 1.0
"""Whoever waits longer for its turn goes on without: one who waits for a lock holds up nobody."""


class Room:
    """What one process leaves to others. With `rest_times` of 0 it leaves them none."""

    def __init__(
        self,
        rest_times: float = REST_TIMES,
        patience_seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rest_times = rest_times
        self._patience_seconds = patience_seconds
        self._clock = clock
        self._seen_at = -WANTED_SECONDS
        self._free_at = 0.0
        self._at_work = asyncio.Lock()

    def saw(self) -> None:
        """Somebody who is no crowd is at work."""
        self._seen_at = self._clock()

    @property
    def is_wanted(self) -> bool:
        """Whether others are at work, or were a moment ago."""
        return self._rest_times > 0 and self._clock() < self._seen_at + WANTED_SECONDS

    def rest_after(self, took: float) -> float:
        """Seconds of rest after what took so long."""
        return min(self._rest_times * took, LONGEST_REST_SECONDS)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Around a piece of a crowd's work; while nobody else is there it is done at once."""
        has_turn = self.is_wanted and await self._take()
        began = self._clock()
        try:
            yield
        finally:
            if has_turn:
                ended = self._clock()
                self._free_at = ended + self.rest_after(ended - began)
                self._at_work.release()

    async def _take(self) -> bool:
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._at_work.acquire()
        except TimeoutError:
            return False
        try:
            await asyncio.sleep(max(self._free_at - self._clock(), 0))
        except BaseException:
            self._at_work.release()
            raise
        return True
