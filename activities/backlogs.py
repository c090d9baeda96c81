"""Telling how long single triggers of a tenant wait for a worker, for whoever accepts more of them."""

import math
import time
from collections import OrderedDict
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
MOST_TENANTS = 1_000
"""That a worker remembers having told of; of others it may tell too often."""


class Told(NamedTuple):
    """When a worker last told of a tenant, and whether that was a long wait."""

    at: float
    is_long: bool


class Backlogs:
    """One worker's; each tells for itself, and the newest counts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: OrderedDict[Tenant, Told] = OrderedDict()

    async def note(self, connection: Connection, tenant: Tenant, waited_seconds: float) -> None:
        """A run of the tenant begins that had waited so long. A short wait corrects what was just told."""
        now, is_long = self._clock(), waited_seconds >= SHORTEST_SECONDS
        told = self._told.get(tenant, Told(-math.inf, is_long=False))
        corrects = told.is_long and told.at > now - FRESH_SECONDS
        if now < told.at + PAUSE_SECONDS or not (is_long or corrects):
            return
        self._told[tenant] = Told(now, is_long)
        self._told.move_to_end(tenant)
        if len(self._told) > MOST_TENANTS:
            self._told.popitem(last=False)
        await tell_waited(connection, *tenant, waited_seconds)
