"""Leaving room for others: on a busy machine, who asks for most rests in between while others ask too.

Turns alone do not do that: one tenant's flood, a piece at a time, still takes all processors, and each step
on the way of another's single trigger waits for one.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Hashable

import psutil

NEAR_SECONDS = 3.0
"""Whoever asked for something so lately may ask again at any moment."""
BUSY = 0.5
"""The share of all processors' time above which a machine is busy."""
LOOKED_SECONDS = 0.5
"""Between two looks at the processors; a shorter time says little."""
REST_TIMES = 2.0
"""A rest lasts so many times as long as what was done before."""
LONGEST_REST_SECONDS = 0.1
"""What takes longer waits for something else than this machine's processors."""

Clock = Callable[[], float]


class Processors:
    """How busy the processors of this machine are, whoever keeps them so."""

    def __init__(
        self,
        clock: Clock = time.monotonic,
        spent: Callable[[], tuple[float, ...]] = psutil.cpu_times,
    ) -> None:
        """`spent` tells seconds by what was done, those without work as `idle` and `iowait`."""
        self._clock = clock
        self._spent = spent
        self._looked_at, self._before, self._share = clock(), spent(), 0.0

    def __call__(self) -> float:
        """The share of their time that was used between the last two looks."""
        now = self._clock()
        if now > self._looked_at + LOOKED_SECONDS:
            after = self._spent()
            idle, spent = (part(after) - part(self._before) for part in (_idle, sum))
            self._looked_at, self._before = now, after
            self._share = 1 - idle / spent if spent > 0 else 0.0
        return self._share


def _idle(spent: tuple[float, ...]) -> float:
    return float(getattr(spent, "idle", 0.0) + getattr(spent, "iowait", 0.0))


class Crowd:
    """Who asked this process for something lately, and how long others' sake asks one of them to rest."""

    def __init__(self, busy: Callable[[], float] | None = None, clock: Clock = time.monotonic) -> None:
        self._busy = busy or Processors()
        self._clock = clock
        self._asked: deque[tuple[float, Hashable]] = deque()
        self._counts: Counter[Hashable] = Counter()

    def saw(self, key: Hashable) -> None:
        """Somebody asks for something."""
        self._forget()
        self._asked.append((self._clock(), key))
        self._counts[key] += 1

    def is_tight(self, key: Hashable) -> bool:
        """Whether this one asks for most while others ask too, and the machine is busy."""
        self._forget()
        mine, all_together = self._counts[key], self._counts.total()
        return all_together / 2 < mine < all_together and self._busy() > BUSY

    def rest(self, key: Hashable, took: float) -> float:
        """Seconds to wait after what took so long; 0 where that helps nobody."""
        return min(REST_TIMES * took, LONGEST_REST_SECONDS) if self.is_tight(key) else 0.0

    def _forget(self) -> None:
        while self._asked and self._asked[0][0] <= self._clock() - NEAR_SECONDS:
            _, key = self._asked.popleft()
            self._counts[key] -= 1
            if not self._counts[key]:
                del self._counts[key]
