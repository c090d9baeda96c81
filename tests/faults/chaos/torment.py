"""Kills, stops and restarts the parts of a stack, alone and together, as a seed chooses."""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from tests.faults.chaos.shown import Run
from tests.faults.stack import Stack

PARTS = ["postgres", "temporal", "api", "worker"]
"""In the order they depend on each other."""
WAYS = {"kill": 45, "stop": 30, "restart": 25}
PAUSE = (4.0, 12.0)
"""Seconds between two blows."""


@dataclass(frozen=True)
class Blow:
    """What is done to which parts, and for how many seconds they are away."""

    way: str
    parts: list[str]
    seconds: float

    def __str__(self) -> str:
        return f"{self.way} {' + '.join(self.parts)}, {self.seconds:.1f} s"


def draw(chance: Random) -> Blow:
    """One part most of the time, some now and then, all of them seldom."""
    way = chance.choices(list(WAYS), list(WAYS.values()))[0]
    size = chance.choices([1, 2, 3, 4], [60, 20, 8, 12])[0]
    parts = sorted(chance.sample(PARTS, size), key=PARTS.index)
    return Blow(way, parts, chance.uniform(1, 8) if way == "stop" else chance.uniform(0.1, 2.5))


@dataclass
class Tormentor:
    """Also what supervises: a process of ours that ended by itself is started again, as compose does."""

    stack: Stack
    seed: int
    blows: list[Blow] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    """When each of them fell, seconds since 1970."""
    ended_alone: list[str] = field(default_factory=list)

    def torment(self, seconds: float) -> None:
        """Blow after blow; at the end everything runs."""
        chance = Random(f"{self.seed} torment")
        started = time.monotonic()
        while True:
            self.wait(chance.uniform(*PAUSE))
            blow = draw(chance)
            if time.monotonic() - started + blow.seconds > seconds:
                return
            tell(f"{time.monotonic() - started:6.1f} s  {blow}")
            self.blows.append(blow)
            self.moments.append(time.time())
            self.deliver(blow)

    def deliver(self, blow: Blow) -> None:
        """Returns when the parts are back, though perhaps not ready yet."""
        if blow.way == "stop":
            for part in blow.parts:
                self.stack.freeze(part)
            time.sleep(blow.seconds)
            for part in blow.parts:
                self.stack.thaw(part)
            return
        take_away = self.stack.kill if blow.way == "kill" else self.stack.end
        for part in reversed(blow.parts):
            take_away(part)
        time.sleep(blow.seconds)
        for part in blow.parts:
            self.stack.revive(part)

    def wait(self, seconds: float) -> None:
        """Let time pass, and see to what ended by itself."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.2)
            for name, code in self.stack.ended():
                tell(f"          {name} ended by itself with {code}; started again")
                self.ended_alone.append(name)
                self.stack.revive(name)


def met(moments: list[float], runs: list[Run]) -> Counter[str]:
    """How many blows fell while runs of each workflow were under way."""
    return Counter(
        kind
        for moment in moments
        for kind in {run.kind for run in runs if run.began <= moment <= run.changed}
    )


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
