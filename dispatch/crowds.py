"""Who asks for so much at a time that it is carried out where others are left room (decision 13)."""

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable

NEAR_SECONDS = 1.0
"""What was asked for longer ago does not count."""
MOST_RUNS = 10
"""Runs that one may ask for within that time and be no crowd: a quarter of what two cores carry out."""
FEW = 50
"""Recipients of a fan-out whose runs take turns as if each were called for alone; a larger one is always a
crowd, and makes none of whoever asked for it."""
STAYS_SECONDS = 10.0
"""A crowd is one until it has asked for less for so long, lest its own runs be taken for others'."""


class Crowds:
    """What each key asked this process for lately. Every process counts for itself."""

    def __init__(self, most_runs: int = MOST_RUNS, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_runs = most_runs
        self._clock = clock
        self._asked: deque[tuple[float, Hashable, int]] = deque()
        self._runs: Counter[Hashable] = Counter()
        self._ends: OrderedDict[Hashable, float] = OrderedDict()

    def asks(self, key: Hashable, runs: int = 1) -> bool:
        """One more that is asked for; whether the key is a crowd with it."""
        self._forget()
        self._asked.append((self._clock(), key, runs))
        self._runs[key] += runs
        if self._runs[key] > self._most_runs:
            self._stay(key)
        return key in self._ends

    def has(self, key: Hashable) -> bool:
        """Whether the key is a crowd by what it asked for before."""
        self._forget()
        return key in self._ends

    def goes_on(self, key: Hashable) -> None:
        """What a crowd asked for waits still, so it stays one."""
        if self.has(key):
            self._stay(key)

    def _stay(self, key: Hashable) -> None:
        self._ends[key] = self._clock() + STAYS_SECONDS
        self._ends.move_to_end(key)

    def _forget(self) -> None:
        now = self._clock()
        while self._asked and self._asked[0][0] <= now - NEAR_SECONDS:
            _, key, runs = self._asked.popleft()
            self._runs[key] -= runs
            if not self._runs[key]:
                del self._runs[key]
        while self._ends and next(iter(self._ends.values())) <= now:
            self._ends.popitem(last=False)
