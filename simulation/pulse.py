"""How busy the worker of this process is: looking at histories costs what its runs need."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

CALM_SECONDS = 0.03
"""After the last effect of a burst; the next task of its run comes sooner."""


class Pulse:
    """Counts the effects that begin and end."""

    def __init__(self) -> None:
        self.beats = 0
        self._in_hand = 0
        self._last = time.monotonic()

    @contextmanager
    def beating(self) -> Iterator[None]:
        """For as long as one effect is performed."""
        self._beat(1)
        try:
            yield
        finally:
            self._beat(-1)

    async def calm(self) -> None:
        """Wait until nothing is in hand, and nothing was for a little while."""
        # An event that every beat clears would cost more than looking now and then.
        while self._in_hand or time.monotonic() < self._last + CALM_SECONDS:  # noqa: ASYNC110
            await asyncio.sleep(CALM_SECONDS)

    def _beat(self, step: int) -> None:
        self.beats += 1
        self._in_hand += step
        self._last = time.monotonic()
