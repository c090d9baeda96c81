"""Room for others: while they are at work, what a crowd asked for is done one after the other, with rests."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager

WANTED_SECONDS = 3.0
"""Whoever was at work so lately may be again at any moment."""
REST_TIMES = 3.0
"""A rest lasts so many times as long as what was done before: Temporal and Postgres have work of it, too."""
LONGEST_TURN_SECONDS = 0.1
"""A turn and its rest: ten a second are left to a crowd, which is as much as makes one. What takes longer by
itself waits for something else than this machine's processors, and needs no rest."""
PATIENCE_SECONDS = 2.0
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
        self._seen: OrderedDict[Hashable, float] = OrderedDict()
        self._free_at = 0.0
        self._at_work = asyncio.Lock()

    def saw(self, whose: Hashable) -> None:
        """Something is done for one who is no crowd."""
        now = self._clock()
        self._seen[whose] = now
        self._seen.move_to_end(whose)
        while next(iter(self._seen.values())) <= now - WANTED_SECONDS:
            self._seen.popitem(last=False)

    def is_wanted_by_others(self, whose: Hashable) -> bool:
        """Whether anybody but this one was at work lately.

        What a crowd asked for before it was one is its own work, and holds it back from nothing.
        """
        if not self._rest_times:
            return False
        since = self._clock() - WANTED_SECONDS
        latest = next((at for other, at in reversed(self._seen.items()) if other != whose), None)
        return latest is not None and latest > since

    def rest_after(self, took: float) -> float:
        """Seconds of rest after what took so long."""
        return min(self._rest_times * took, max(LONGEST_TURN_SECONDS - took, 0))

    @asynccontextmanager
    async def turn(self, whose: Hashable) -> AsyncIterator[None]:
        """Around a piece of a crowd's work; while nobody else is there it is done at once."""
        has_turn = self.is_wanted_by_others(whose) and await self._take()
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
