"""Advancing the test clock: what moves, how far, and what moves along."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from dispatch.carrying import workflow_id_of
from dispatch.clocks import ClockReading, move_clock, read_clock
from dispatch.reaching import reaching_temporal
from dispatch.temporal import Temporal
from models.database import Database
from models.queries.clocks import (
    Selection,
    find_open_messages,
    find_open_runs,
    find_pause_ends,
    find_waiting_schedules,
)
from workflows_engine import names

IN_FLIGHT = 20
"""Workflows that are moved at once."""
PATIENCE = timedelta(seconds=45)
"""How long one workflow may be at work on its way."""
MARGIN = timedelta(seconds=1)
"""Timers fire a little after the moment they were set for."""


@dataclass(frozen=True)
class Moved:
    """A workflow that slept, and what its clock shows now; `kind` is `run`, `delivery` or `schedule`."""

    kind: str
    id: str
    workflow_id: str
    now: datetime


@dataclass(frozen=True)
class _Sleeper:
    kind: str
    id: str
    workflow_id: str
    group: str
    """Those of one group move to one moment: runs that share a batch window."""


async def advance(
    database: Database, temporal: Temporal, environment_id: UUID, selection: Selection, by: timedelta
) -> list[Moved]:
    """Move the clocks of whatever sleeps; raises NotSkipping, StillMoving or Unavailable.

    Each clock goes `by` further. Runs that share an open batch window move together, to `by` after the
    furthest of their clocks, and from one pause's end to the next, so that whoever is to join the window is
    there before it closes. A delivery that a run leaves behind on its way moves as far as that run.
    """
    sleepers = await _sleepers(database, environment_id, selection)
    with reaching_temporal():
        readings = await _read(temporal, sleepers)
        furthest: dict[str, datetime] = {}
        for sleeper, reading in readings:
            furthest[sleeper.group] = max(furthest.get(sleeper.group, reading.now), reading.now)
        goals = [(one, reading, furthest[one.group] + by) for one, reading in readings]
        await _move_all(database, temporal, environment_id, goals)
        late = await _left_behind(database, temporal, environment_id, goals)
        await _move(temporal, late)
    return [Moved(one.kind, one.id, one.workflow_id, goal) for one, _, goal in (*goals, *late)]


_Goal = tuple[_Sleeper, ClockReading, datetime]


async def _sleepers(database: Database, environment_id: UUID, selection: Selection) -> list[_Sleeper]:
    async with database.connection() as connection:
        runs = await find_open_runs(connection, environment_id, selection)
        messages = await find_open_messages(connection, environment_id, selection)
        schedules = await find_waiting_schedules(connection, environment_id, selection)
    found = []
    for run in runs:
        shared = f"{run['workflow_key']}/{run['recipient_collection']}/{run['recipient_id']}"
        group = shared if run["shares"] else str(run["id"])
        found.append(_Sleeper("run", str(run["id"]), workflow_id_of(run), group))
    found += [_delivery(message["id"]) for message in messages]
    for schedule_id in schedules:
        workflow_id = names.schedule_workflow(schedule_id)
        found.append(_Sleeper("schedule", str(schedule_id), workflow_id, workflow_id))
    return found


def _delivery(message_id: str) -> _Sleeper:
    workflow_id = names.delivery_workflow(message_id)
    return _Sleeper("delivery", message_id, workflow_id, workflow_id)


async def _read(temporal: Temporal, sleepers: Iterable[_Sleeper]) -> list[tuple[_Sleeper, ClockReading]]:
    """Those whose workflow runs."""
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def read(sleeper: _Sleeper) -> tuple[_Sleeper, ClockReading | None]:
        async with slots:
            return sleeper, await read_clock(temporal, sleeper.workflow_id)

    found = await asyncio.gather(*(read(one) for one in sleepers))
    return [(sleeper, reading) for sleeper, reading in found if reading is not None]


async def _move_all(database: Database, temporal: Temporal, environment_id: UUID, goals: list[_Goal]) -> None:
    groups: dict[str, list[_Goal]] = defaultdict(list)
    for one in goals:
        groups[one[0].group].append(one)
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def move(group: list[_Goal]) -> None:
        async with slots:
            if len(group) > 1:
                await _move_in_step(database, temporal, environment_id, group)
            await _move(temporal, group)

    await asyncio.gather(*(move(group) for group in groups.values()))


async def _move(temporal: Temporal, goals: Iterable[_Goal]) -> None:
    """To their goals, however far they have come; those that have ended or arrived are left alone."""
    readings = await _read(temporal, [sleeper for sleeper, _, _ in goals])
    goal_of = {sleeper.workflow_id: goal for sleeper, _, goal in goals}
    await asyncio.gather(
        *(
            move_clock(temporal, reading, goal_of[reading.workflow_id], PATIENCE)
            for _, reading in readings
            if reading.now < goal_of[reading.workflow_id]
        )
    )


async def _move_in_step(
    database: Database, temporal: Temporal, environment_id: UUID, group: list[_Goal]
) -> None:
    """As far as the last pause of the group that ends before the goal."""
    goal = group[0][2]
    ids = [UUID(sleeper.id) for sleeper, _, _ in group]
    past = datetime.min.replace(tzinfo=UTC)
    while True:
        async with database.connection() as connection:
            ends = await find_pause_ends(connection, environment_id, ids)
        stop = min((end for end in ends if end > past), default=goal)
        if stop + MARGIN >= goal:
            return
        await _move(temporal, [(sleeper, reading, stop + MARGIN) for sleeper, reading, _ in group])
        past = stop


async def _left_behind(
    database: Database, temporal: Temporal, environment_id: UUID, goals: list[_Goal]
) -> list[_Goal]:
    """Deliveries that runs handed over on their way: these wait for moments of the runs' clocks."""
    goal_of = {one.id: goal for one, _, goal in goals if one.kind == "run"}
    moved = {one.id for one, _, _ in goals}
    by_run: dict[str, list[str]] = defaultdict(list)
    async with database.connection() as connection:
        for run_id in goal_of:
            for message in await find_open_messages(
                connection, environment_id, Selection(run_id=UUID(run_id))
            ):
                by_run[run_id].append(message["id"])
    found = []
    for run_id, messages in by_run.items():
        fresh = [_delivery(message_id) for message_id in messages if message_id not in moved]
        found += [(one, reading, goal_of[run_id]) for one, reading in await _read(temporal, fresh)]
    return [(one, reading, goal) for one, reading, goal in found if reading.now < goal]
