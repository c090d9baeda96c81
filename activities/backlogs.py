"""Telling how long single triggers of a tenant wait for a worker, for whoever accepts more of them."""

import math
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from models.database import Connection
from models.tables.backlogs import FRESH_SECONDS, tell_waited

Tenant = tuple[UUID, str | None]
SHORTEST_SECONDS = 2.0
"""Shorter waits are told only where a longer one was just before."""
PAUSE_SECONDS = 1.0
"""Between two times that a worker tells of a tenant."""
NEAR_SECONDS = 3.0
"""So long a worker remembers what it began."""
MOST_TENANTS = 1_000
"""That a worker remembers having told of; of others it may tell too often."""


class Told(NamedTuple):
    """When a worker last told of a tenant, and whether that was a long wait."""

    at: float
    is_long: bool


class Begun:
    """How many single triggers' runs of each tenant a worker began lately."""

    def __init__(self) -> None:
        self._newest: deque[tuple[float, Tenant]] = deque()
        self._counts: Counter[Tenant] = Counter()

    def saw(self, tenant: Tenant, now: float) -> None:
        """One more begins; what began long ago is forgotten."""
        self._newest.append((now, tenant))
        self._counts[tenant] += 1
        while self._newest[0][0] <= now - NEAR_SECONDS:
            _, before = self._newest.popleft()
            self._counts[before] -= 1
            if not self._counts[before]:
                del self._counts[before]

    def is_among_most(self, tenant: Tenant) -> bool:
        """Whether nobody's begin more than twice as often.

        Queues serve tenants in turn, so all whose own triggers pile up begin equally often. Who begins far
        less often waits for others, and the machine.
        """
        return 2 * self._counts[tenant] >= max(self._counts.values())


class Backlogs:
    """One worker's; each tells for itself, and the newest counts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: OrderedDict[Tenant, Told] = OrderedDict()
        self._begun = Begun()

    async def note(self, connection: Connection, tenant: Tenant, waited_seconds: float) -> None:
        """A run of the tenant begins that had waited so long. A short wait corrects what was just told.

        Nothing is told of who waits for what others asked: holding up its triggers would help nobody.
        """
        now, is_long = self._clock(), waited_seconds >= SHORTEST_SECONDS
        self._begun.saw(tenant, now)
        told = self._told.get(tenant, Told(-math.inf, is_long=False))
        corrects = told.is_long and told.at > now - FRESH_SECONDS
        is_its_own = is_long and self._begun.is_among_most(tenant)
        if now < told.at + PAUSE_SECONDS or not (is_its_own or (corrects and not is_long)):
            return
        self._told[tenant] = Told(now, is_long)
        self._told.move_to_end(tenant)
        if len(self._told) > MOST_TENANTS:
            self._told.popitem(last=False)
        await tell_waited(connection, *tenant, waited_seconds)
