"""Plays a scenario on the real engine in skipped time, and tells what came of it (D32)."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import DictRow

from dispatch.room import Room
from dispatch.temporal import Temporal
from dispatch.triggers import Place
from models.database import Database
from models.sealing import Sealer
from models.values.development import ENVIRONMENT
from outbound.client import build_client, build_silent_client
from simulation.clock import Clock
from simulation.happening import Stage
from simulation.moments import EARLY, Moments, StandingStill
from simulation.pulse import Pulse
from simulation.scenario import Event
from simulation.skipping_server import time_skipping_server
from simulation.timeline import Entry, refused, timeline
from worker.assembly import Parts, working

MOST_STOPS = 2_000
"""At one and the same moment; more is a workflow that never comes to rest."""
POOL_SIZE = 20


@dataclass(frozen=True)
class Simulation:
    """What is to be played: these events, and then time until `duration` after the start."""

    workflow: str
    events: Sequence[Event]
    start: datetime
    duration: timedelta
    fetches: bool = False
    """Whether fetch steps really ask; otherwise each is answered 204."""

    @property
    def end(self) -> datetime:
        return self.start + self.duration


@dataclass(frozen=True)
class Happened:
    """An event as it was played, and why it came to nothing, if it did."""

    at: datetime
    event: Event
    refusal: str | None


@dataclass
class Played:
    """What a simulation showed."""

    happened: list[Happened] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def to_json(self) -> list[dict[str, Any]]:
        """What `--json` prints: by moment, events that came to nothing before what others brought about."""
        told = [(one.at, refused(one.at, one.refusal)) for one in self.happened if one.refusal is not None]
        told += [(one.at, one.to_json()) for one in self.entries if one.outcome is not None]
        return [entry for _, entry in sorted(told, key=lambda one: one[0])]


class Restless(Exception):
    """Runs went on without end at one moment, so time could not go on."""


async def simulate(simulation: Simulation, database_url: str, secret_key: str) -> Played:
    """Play it in the development environment of this database, which nothing else may use meanwhile."""
    async with AsyncExitStack() as stack:
        database = Database(database_url, pool_size=POOL_SIZE, patience_seconds=30)
        await database.open()
        stack.push_async_callback(database.close)
        server = await stack.enter_async_context(time_skipping_server())
        temporal = Temporal(client=server.client, is_listed=False)
        http = build_client() if simulation.fetches else build_silent_client()
        stack.push_async_callback(http.aclose)
        pulse = Pulse()
        clock = Clock(server, database, temporal, pulse)
        await clock.move_to(simulation.start)
        moments = Moments(simulation.start)
        # Nobody else is there to be left room.
        room = Room(rest_times=0)
        parts = Parts(database, temporal, http, Sealer(secret_key), sends=False, room=room)
        await stack.enter_async_context(working(parts, interceptors=[StandingStill(moments, pulse)]))
        place = await _development(database)
        stage = Stage(database, temporal, place, simulation.workflow)
        played = Played(await _Player(clock, moments, stage).play(simulation))
        played.entries = await timeline(database, place.environment_id)
        return played


@dataclass(frozen=True)
class _Player:
    clock: Clock
    moments: Moments
    stage: Stage

    async def play(self, simulation: Simulation) -> list[Happened]:
        happened = []
        for event in simulation.events:
            moment = event.moment(simulation.start)
            if moment > simulation.end:
                break
            await self._pass_until(moment)
            happened.append(Happened(moment, event, await self.stage.happen(event, moment)))
        await self._pass_until(simulation.end)
        return happened

    async def _pass_until(self, end: datetime) -> None:
        """From one moment at which something is due to the next, everything at rest in between."""
        stops = 0
        while True:
            dues = await self.clock.idle(self.stage.place)
            stop = self.moments.next_stop(dues, end)
            if stop is None:
                break
            stops = stops + 1 if stop.moment == self.moments.now else 0
            if stops > MOST_STOPS:
                raise Restless(f"the runs do not come to rest at {stop.moment.isoformat()}")
            self.moments.now = stop.moment
            await self.clock.move_to(stop.through + EARLY)
        self.moments.now = end
        await self.clock.move_to(end)


async def _development(database: Database) -> Place:
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT id FROM environments WHERE slug = %s AND branch_of IS NULL", (ENVIRONMENT,)
        )
        row: DictRow | None = await cursor.fetchone()
    assert row is not None  # every instance is seeded with it
    return Place(row["id"], ENVIRONMENT)
