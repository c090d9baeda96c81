"""Letting triggers in: each in its tenant's turn, and none while what its tenant asked for before waits."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

from fastapi import Depends, Request

from api.dependencies import Caller, Db, TemporalClient
from api.fair_turns import FairTurns
from dispatch.crowds import Crowds
from dispatch.errors import Backlogged
from dispatch.room import Room
from dispatch.temporal import Temporal
from dispatch.triggers import Accepted, Place, TriggerRequest, accept
from models.database import Database

HOLD_SECONDS = 1.0
"""Until somebody looks again whether a tenant's backlog is shorter."""


@dataclass(frozen=True)
class Admission:
    """The door for one call. `leaving` returns once its caller has gone."""

    database: Database
    temporal: Temporal
    place: Place
    turns: FairTurns
    crowds: Crowds
    room: Room
    leaving: Callable[[], Awaitable[None]]
    longest_wait: float

    async def accept(self, asked: TriggerRequest) -> Accepted:
        """As `dispatch.triggers.accept`, in its tenant's turn.

        While the tenant has a backlog nobody of it gets one, which slows its callers down; raises Backlogged
        when the patience of the turns ends. Whoever asks again for what was accepted before waits, too.
        """
        asked = replace(asked, longest_wait=self.longest_wait)
        key = (self.place.environment_id, asked.tenant.id if asked.tenant else None)
        # A fan-out counts once, however many it reaches: whether it is a crowd it tells by itself.
        if not self.crowds.asks(key):
            self.room.saw(key)
        clock = asyncio.get_running_loop().time
        until = clock() + self.turns.patience_seconds
        again_until: float | None = None
        while True:
            async with self.turns.turn(key, self.leaving, again_until):
                try:
                    if self.turns.has_waiting(key):
                        self.crowds.goes_on(key)
                    # Whoever came while its tenant was no crowd may have waited since.
                    asked = replace(asked, is_crowd=self.crowds.has(key))
                    return await accept(self.database, self.temporal, self.place, asked)
                except Backlogged as late:
                    if clock() >= until:
                        raise
                    # Before the turn is passed on: who is next would look for nothing.
                    self.turns.hold(key, HOLD_SECONDS, partial(Backlogged, late.waited_seconds))
            again_until = until


async def _admission(request: Request, caller: Caller, database: Db, temporal: TemporalClient) -> Admission:
    async def leaving() -> None:
        # The body was read: what comes next is that the caller goes.
        while (await request.receive())["type"] != "http.disconnect":
            continue

    state = request.app.state
    return Admission(
        database,
        temporal,
        caller.place,
        state.trigger_turns,
        state.crowds,
        state.room,
        leaving,
        state.settings.longest_wait,
    )


Door = Annotated[Admission, Depends(_admission)]
