"""Time that stands still while work is done: what happens at one stop of the clock happens at one moment.

The server's clock goes on, as the real one does, while runs are at work. Effects of a simulation hear instead
the moment of the stop they follow from, so that what they write does not depend on how fast the machine is.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from simulation.clock import Due
from simulation.pulse import Pulse

EARLY = timedelta(milliseconds=50)
"""Servers keep time in milliseconds: a timer may fire that much before the moment it was meant for."""
OWNERS = ("recipient_run_id", "message_id", "schedule_id", "workflow_run_id", "trigger_id")
"""By which field of its request an effect is known to be about something, the first that it has."""


@dataclass(frozen=True)
class Stop:
    """A moment at which timers fire, and how far the server's clock must go until all of them have."""

    moment: datetime
    through: datetime


class Moments:
    """The moment it is, and the moments that effects announced, each for the one it is about."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._announced: dict[str, set[datetime]] = defaultdict(set)

    def announce(self, owner: str, moments: Iterator[datetime]) -> None:
        self._announced[owner].update(moments)

    def heard_by(self, owner: str, clock: datetime) -> datetime:
        """What an effect hears: the moment, or a later one that has passed and its own timer was set for."""
        passed = [moment for moment in self._announced[owner] if moment <= clock + EARLY]
        return max([self.now, *passed])

    def meant_by(self, due: Due) -> datetime:
        """The moment a timer was set for: it was started a little after the one it was reckoned from."""
        meant = [one for one in self._announced[due.owner] if self.now < one <= due.at + EARLY]
        return max(meant) if meant else max(self.now, due.at.replace(microsecond=0))

    def next_stop(self, dues: Sequence[Due], end: datetime) -> Stop | None:
        """The earliest moment that timers were set for, if that is not after `end`."""
        meant = [(self.meant_by(due), due.at) for due in dues]
        moment = min((moment for moment, _ in meant), default=None)
        if moment is None or moment > end:
            return None
        return Stop(moment, max(at for one, at in meant if one == moment))


class StandingStill(Interceptor):
    """Makes every effect hear the moment, and listens for the moments it announces."""

    def __init__(self, moments: Moments, pulse: Pulse) -> None:
        self._moments = moments
        self._pulse = pulse

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Listening(next, self._moments, self._pulse)


class _Listening(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, moments: Moments, pulse: Pulse) -> None:
        super().__init__(next)
        self._moments = moments
        self._pulse = pulse

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        ask = input.args[0]
        owner = owner_of(ask)
        if hasattr(ask, "now"):
            input.args = [ask.model_copy(update={"now": self._moments.heard_by(owner, ask.now)})]
        with self._pulse.beating():
            answer = await super().execute_activity(input)
        self._moments.announce(owner, moments_in(ask, but=("now",)))
        self._moments.announce(owner, moments_in(answer))
        return answer


def owner_of(ask: BaseModel) -> str:
    """The id of what an effect is about; empty for the few that are about nothing that sleeps."""
    return next((str(getattr(ask, name)) for name in OWNERS if getattr(ask, name, None) is not None), "")


def moments_in(model: BaseModel, but: Sequence[str] = ()) -> Iterator[datetime]:
    """Every time that a request or an answer speaks of."""
    return _moments_in(model.model_dump(exclude=set(but)))


def _moments_in(value: Any) -> Iterator[datetime]:
    if isinstance(value, datetime):
        yield value.astimezone(UTC)
    elif isinstance(value, dict):
        for below in value.values():
            yield from _moments_in(below)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _moments_in(below)
