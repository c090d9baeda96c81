"""Turns at work that is bounded: whoever waits is served tenant by tenant, not in the order of arrival."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager

from api.errors import Unavailable

PATIENCE_SECONDS = 20.0
"""How long a call waits for its turn; then its caller hears that it may come again."""
MOST_WAITING = 2_000
"""Calls of one key that may wait in a process."""


class FairTurns:
    """At most `at_once` calls are at work; among those that wait, keys take turns.

    So a burst of one tenant waits behind itself, and another's single call behind one turn at most. It
    guards what tenants share without a queue of their own: the pool of connections.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(
        self, key: Hashable, leaving: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncIterator[None]:
        """Wait for a turn, keep it until the block ends; raises Unavailable when none comes.

        `leaving` returns once the caller has gone: it loses its place, or else callers who come again would
        queue behind themselves.
        """
        await self._take(key, leaving)
        try:
            yield
        finally:
            self._give_back()

    async def _take(self, key: Hashable, leaving: Callable[[], Awaitable[None]] | None) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        queue = self._waiting.setdefault(key, deque())
        if len(queue) >= MOST_WAITING:
            raise Unavailable(
                "Too many calls of this tenant wait already; send it again after Retry-After.",
                reason="too_many_waiting",
            )
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(mine)
        watch = None if leaving is None else asyncio.ensure_future(leaving())
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.wait({mine, watch} if watch else {mine}, return_when=asyncio.FIRST_COMPLETED)
            if not mine.done():
                raise Unavailable("The caller has left.", reason="caller_left")
        except BaseException as error:
            if mine.done():
                self._give_back()
            mine.cancel()
            if isinstance(error, TimeoutError):
                raise Unavailable(
                    "This took too long to be accepted; send it again.", reason="no_turn"
                ) from error
            raise
        finally:
            if watch is not None:
                watch.cancel()

    def _give_back(self) -> None:
        """Pass the turn on to the key that has waited longest for one, or keep it free."""
        while self._waiting:
            key, queue = self._waiting.popitem(last=False)
            heir = queue.popleft()
            if queue:
                self._waiting[key] = queue
            if not heir.done():
                heir.set_result(None)
                return
        self._free += 1
