"""Telling how long single triggers of a tenant wait for a worker, for whoever accepts more of them."""

import math
import time
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from models.database import Connection
from models.tables.backlogs import FRESH_SECONDS, tell_waited
from workflows_engine import names

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
    """How many runs of each tenant a worker began lately, and how many of them were called for alone."""

    def __init__(self) -> None:
        self._newest: deque[tuple[float, Tenant, bool]] = deque()
        self._all: Counter[Tenant] = Counter()
        self._single: Counter[Tenant] = Counter()

    def saw(self, tenant: Tenant, now: float, *, is_single: bool) -> None:
        """One more begins; what began long ago is forgotten."""
        self._newest.append((now, tenant, is_single))
        self._count(tenant, 1, is_single=is_single)
        while self._newest[0][0] <= now - NEAR_SECONDS:
            _, before, was_single = self._newest.popleft()
            self._count(before, -1, is_single=was_single)

    def _count(self, tenant: Tenant, by: int, *, is_single: bool) -> None:
        self._all[tenant] += by
        self._single[tenant] += by * is_single
        if not self._all[tenant]:
            del self._all[tenant], self._single[tenant]

    def waits_for_its_own(self, tenant: Tenant) -> bool:
        """Whether a tenant that waits does so for single triggers of its own.

        Queues serve tenants in turn, so all whose runs pile up begin equally often: who begins less than half
        as often as another tenant waits for others, and the machine. A third of what begins must be single
        triggers', as large fan-outs have every second turn; else it waits for a schedule's runs, say.
        Triggers without a tenant take turns of their own and tell nothing of a tenant's.
        """
        others = (count for (_, id), count in self._all.items() if id is not None)
        mine = self._all[tenant]
        return 2 * mine >= max(others, default=0) and 3 * self._single[tenant] >= mine


class Backlogs:
    """One worker's; each tells for itself, and the newest counts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: OrderedDict[Tenant, Told] = OrderedDict()
        self._begun = defaultdict[str, Begun](Begun)

    async def note(
        self,
        connection: Connection,
        tenant: Tenant,
        waited_seconds: float,
        *,
        is_single: bool = True,
        queue: str = names.RUNS,
    ) -> None:
        """A run of the tenant begins that had waited so long; it is single if a call asked for it alone.

        A short wait corrects what this worker told just before. Nothing is told of who waits for what others
        asked: holding up its triggers would help nobody. Tenants take turns within a task queue.
        """
        now, is_long = self._clock(), waited_seconds >= SHORTEST_SECONDS
        self._begun[queue].saw(tenant, now, is_single=is_single)
        if not is_single:
            return
        told = self._told.get(tenant, Told(-math.inf, is_long=False))
        corrects = told.is_long and told.at > now - FRESH_SECONDS
        is_its_own = is_long and self._begun[queue].waits_for_its_own(tenant)
        if now < told.at + PAUSE_SECONDS or not (is_its_own or (corrects and not is_long)):
            return
        self._told[tenant] = Told(now, is_long)
        self._told.move_to_end(tenant)
        if len(self._told) > MOST_TENANTS:
            self._told.popitem(last=False)
        await tell_waited(connection, *tenant, waited_seconds)
