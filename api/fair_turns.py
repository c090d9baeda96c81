"""Turns at work that is bounded: whoever waits is served tenant by tenant, not in the order of arrival."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from api.errors import Unavailable

PATIENCE_SECONDS = 20.0
"""How long a call waits for its turn; then its caller hears that it may come again."""
MOST_WAITING = 2_000
"""Calls of one key that may wait in a process."""

Waiting = deque[asyncio.Future[None]]
Leaving = Callable[[], Awaitable[None]]
Why = Callable[[], Exception]
Yields = Callable[[Hashable], bool]
Rest = Callable[[float], float]


@dataclass
class Held:
    """The calls of a key that gets no turn until then."""

    calls: Waiting
    until: float


class FairTurns:
    """At most `at_once` calls are at work; among those that wait, keys take turns.

    So a burst of one tenant waits behind itself, and another's single call behind one turn at most. It
    guards what tenants share without a queue of their own: the pool of connections. And the processors: a
    key that `yields` to others has one turn at a time, and rests after it.
    """

    def __init__(
        self,
        at_once: int,
        patience_seconds: float = PATIENCE_SECONDS,
        yields: Yields = lambda key: False,
        rest_after: Rest = lambda took: 0.0,
    ) -> None:
        """`rest_after` gives the seconds of rest after a turn that took so many, of a key that yields."""
        self.patience_seconds = patience_seconds
        self._yields = yields
        self._rest_after = rest_after
        self._free = at_once
        self._at_work: Counter[Hashable] = Counter()
        self._waiting: OrderedDict[Hashable, Waiting] = OrderedDict()
        self._held: dict[Hashable, Held] = {}
        self._whys: dict[Hashable, Why] = {}

    @asynccontextmanager
    async def turn(
        self, key: Hashable, leaving: Leaving | None = None, again_until: float | None = None
    ) -> AsyncIterator[None]:
        """Wait for a turn, keep it until the block ends; raises Unavailable when none comes.

        `leaving` returns once the caller has gone: it loses its place, or else callers who come again would
        queue behind themselves. `again_until`, by the loop's clock, is the end of the patience of one that
        had a turn before and could not use it: it is the next of its key.
        """
        await self._take(key, leaving, again_until)
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            yield
            if key not in self._held:
                self._whys.pop(key, None)
        finally:
            if self._yields(key) and (rest := self._rest_after(clock() - began)):
                self.hold(key, rest)
            self._give_back(key)

    def hold(self, key: Hashable, seconds: float, why: Why | None = None) -> None:
        """Give this key no turn for so long; its calls keep their places.

        Who gives up hears why, if there is more to say than that it took too long, until a later one of the
        key has used its turn.
        """
        loop = asyncio.get_running_loop()
        until, held = loop.time() + seconds, self._held.get(key)
        if why is not None:
            self._whys[key] = why
        if held is None:
            self._held[key] = Held(self._waiting.pop(key, deque()), until)
            loop.call_at(until, self._release, key)
        else:
            held.until = max(held.until, until)

    def has_waiting(self, key: Hashable) -> bool:
        """Whether calls of this key wait for a turn."""
        held = self._held.get(key)
        return bool(held.calls if held else self._waiting.get(key))

    def _release(self, key: Hashable) -> None:
        loop, held = asyncio.get_running_loop(), self._held[key]
        if loop.time() < held.until:
            loop.call_at(held.until, self._release, key)
            return
        del self._held[key]
        if held.calls:
            self._waiting[key] = held.calls
            self._serve()
        else:
            self._whys.pop(key, None)

    async def _take(self, key: Hashable, leaving: Leaving | None, again_until: float | None) -> None:
        calls, mine = self._queue(key, is_next=again_until is not None)
        if mine.done():
            return
        until = again_until or asyncio.get_running_loop().time() + self.patience_seconds
        watch = None if leaving is None else asyncio.ensure_future(leaving())
        try:
            async with asyncio.timeout_at(until):
                await asyncio.wait({mine, watch} if watch else {mine}, return_when=asyncio.FIRST_COMPLETED)
            if not mine.done():
                raise Unavailable("The caller has left.", reason="caller_left")
        except BaseException as error:
            if mine.done():
                self._give_back(key)
            else:
                calls.remove(mine)
            if isinstance(error, TimeoutError):
                late = "This took too long to be accepted; send it again."
                raise self._refusal(key, late, reason="no_turn") from error
            raise
        finally:
            if watch is not None:
                watch.cancel()

    def _queue(self, key: Hashable, *, is_next: bool) -> tuple[Waiting, asyncio.Future[None]]:
        """A call among those of its key; it is done where it has its turn already."""
        held = self._held.get(key)
        calls = held.calls if held else self._waiting.setdefault(key, deque())
        if len(calls) >= MOST_WAITING and not is_next:
            many = "Too many calls of this tenant wait already; send it again after Retry-After."
            raise self._refusal(key, many, reason="too_many_waiting")
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if is_next:
            calls.appendleft(mine)
        else:
            calls.append(mine)
        self._serve()
        return calls, mine

    def _refusal(self, key: Hashable, told: str, *, reason: str) -> Exception:
        why = self._whys.get(key)
        return Unavailable(told, reason=reason) if why is None else why()

    def _give_back(self, key: Hashable) -> None:
        self._free += 1
        self._at_work[key] -= 1
        if not self._at_work[key]:
            del self._at_work[key]
        self._serve()

    def _serve(self) -> None:
        """Pass what is free on to the keys that have waited longest for a turn."""
        while self._free and (key := self._next()) is not None:
            calls = self._waiting.pop(key)
            if calls:
                self._free -= 1
                self._at_work[key] += 1
                calls.popleft().set_result(None)
            if calls:
                self._waiting[key] = calls

    def _next(self) -> Hashable | None:
        """Whoever may have a turn and has waited longest."""
        for key in self._waiting:
            if key not in self._at_work or not self._yields(key):
                return key
        return None
