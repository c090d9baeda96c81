"""The one driver of virtual time: rows are real, the clock of the runs is Temporal's test server's (D32)."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.api.testservice.v1 import SleepRequest
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from dispatch.temporal import Temporal
from dispatch.triggers import Place
from models.database import Database
from simulation.histories import History, due_times, is_idle
from simulation.open_workflows import open_workflows
from simulation.pulse import Pulse

PATIENCE_SECONDS = 120
"""How long, on the real clock, the runs of one environment may be at work between two stops."""
LOOK_AGAIN_SECONDS = 0.02


class StillBusy(Exception):
    """Runs were at work for longer than a simulation waits; says which."""


@dataclass(frozen=True, order=True)
class Due:
    """A timer of a workflow; `owner` is the id of what it is about: a run, a message or a trigger."""

    at: datetime
    owner: str


@dataclass(frozen=True)
class Stillness:
    """How the open workflows of an environment stand."""

    events: int
    busy: tuple[str, ...]
    due: tuple[Due, ...]


class Clock:
    """The clock of a time-skipping server; nobody else may unlock it, and it only moves forward."""

    def __init__(
        self,
        server: WorkflowEnvironment,
        database: Database,
        temporal: Temporal,
        pulse: Pulse | None = None,
    ) -> None:
        self._server = server
        self._pulse = pulse
        self.database = database
        self.temporal = temporal

    async def now(self) -> datetime:
        return await self._server.get_current_time()

    async def move_to(self, moment: datetime) -> None:
        """Skip to this moment, whatever fires on the way; nothing happens when it is past."""
        left = moment - await self.now()
        if left > timedelta(0):
            # Not the environment's own sleep, which gives up after 30 s: whatever is at work on the way
            # holds the clock still, and on a busy machine that may be longer.
            request = SleepRequest()
            request.duration.FromTimedelta(left)
            await self._server.client.test_service.unlock_time_skipping_with_sleep(
                request, timeout=timedelta(seconds=PATIENCE_SECONDS)
            )

    async def idle(self, place: Place) -> tuple[Due, ...]:
        """Wait until every workflow of the environment waits for a timer, or has ended; their timers."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        before: object = None
        while True:
            if self._pulse is not None:
                await self._pulse.calm()
                before = self._pulse.beats
            looked = await self._look(place)
            # In between two histories of one look, one workflow may have woken another: nothing must have
            # happened meanwhile, or else a second look must be like it.
            now = looked if self._pulse is None else self._pulse.beats
            if not looked.busy and now == before:
                return looked.due
            if time.monotonic() > deadline:
                raise StillBusy(f"still at work after {PATIENCE_SECONDS} s: {', '.join(looked.busy[:5])}")
            before = now
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def pass_time(self, place: Place, duration: timedelta) -> None:
        """Let time pass, from one due timer of the environment to the next, idle in between."""
        await self.idle(place)
        end = await self.now() + duration
        while True:
            due = min((one.at for one in await self.idle(place)), default=end)
            await self.move_to(min(due, end))
            if due >= end:
                await self.idle(place)
                return

    async def _look(self, place: Place) -> Stillness:
        owners = await open_workflows(self.database, place)
        histories = dict(
            zip(owners, await asyncio.gather(*(self._history(one) for one in owners)), strict=True)
        )
        return Stillness(
            events=sum(map(len, histories.values())),
            busy=tuple(workflow_id for workflow_id, history in histories.items() if not is_idle(history)),
            due=tuple(
                sorted(
                    Due(at, owners[workflow_id])
                    for workflow_id, history in histories.items()
                    for at in due_times(history)
                )
            ),
        )

    async def _history(self, workflow_id: str) -> History:
        """What happened to a workflow so far; nothing for one that was never started."""
        try:
            history = await self.temporal.client.get_workflow_handle(workflow_id).fetch_history()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return []
            raise
        return list(history.events)
