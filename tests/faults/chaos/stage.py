"""One scene's stack, its load and its end: what every scene of chaos shares."""

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from tests.faults.chaos.ledger import Heard, read
from tests.faults.chaos.load import SDK_SECONDS, Plan
from tests.faults.chaos.mix import COMPANY, everybody, subscribers, teams, write_project
from tests.faults.chaos.shown import client, look, still_open
from tests.faults.chaos.sink import numbers
from tests.faults.chaos.torment import Tormentor, tell
from tests.faults.chaos.verdict import Verdict, judge
from tests.faults.stack import Stack

OLDER_SECONDS = 20.0
MOST_SUBSCRIBED = 100
"""Recipients that one call subscribes."""
PATIENCE_SECONDS = 300
"""How long the rest may take to drain; what is open then is stuck."""


@dataclass(frozen=True)
class Length:
    """Triggers a second; seconds of the mix, of an outage, that a caller waits, and that a backup is old."""

    rate: float
    seconds: float
    away: float
    timeout: float = SDK_SECONDS
    older: float = OLDER_SECONDS


@dataclass
class Run:
    """A stack and the loads that are sent to it."""

    folder: Path
    seed: int
    length: Length
    disk: Path | None = None
    stack: Stack = field(init=False)
    loads: list[subprocess.Popen[bytes]] = field(default_factory=list)
    ledgers: list[Path] = field(default_factory=list)
    _sent: int = 0

    def __post_init__(self) -> None:
        options = {"track_commit_timestamp": "on"}
        self.stack = Stack(self.folder, options, mail="sink", disk=self.disk)

    def start(self) -> None:
        self.stack.start(write_project(self.folder / "project"))
        with client(self.stack.url) as http:
            for team in [*teams(), COMPANY]:
                _put(http, "PUT", f"/v1/objects/teams/{team}", {"name": team})
                people = [{"id": who, "name": who} for who in subscribers(team)]
                for first in range(0, len(people), MOST_SUBSCRIBED):
                    some = people[first : first + MOST_SUBSCRIBED]
                    _put(http, "POST", f"/v1/objects/teams/{team}/subscriptions", {"recipients": some})

    def send(self, rate: float, seconds: float, **more: Any) -> subprocess.Popen[bytes]:
        """A load of its own process; its ledger is a file of its own. `more` is of the load's plan."""
        ledger = self.folder / f"ledger-{len(self.ledgers)}.jsonl"
        more = {"first": self._sent, "timeout": self.length.timeout} | more
        plan = Plan(self.stack.url, str(ledger), self.seed, rate, seconds, **more)
        self._sent += round(seconds * rate)
        with (self.folder / "load.log").open("ab") as log:
            argv = [sys.executable, "-m", "tests.faults.chaos.load", json.dumps(asdict(plan))]
            load = subprocess.Popen(argv, stdout=log, stderr=log)
        self.ledgers.append(ledger)
        self.loads.append(load)
        return load

    def await_loads(self, tormentor: Tormentor) -> None:
        """Until each trigger is answered or given up."""
        for load in self.loads:
            while load.poll() is None:
                tormentor.wait(0.2)
            if load.returncode:
                raise AssertionError(f"the load ended with {load.returncode}; see load.log")

    def judged(self, tormentor: Tormentor) -> Verdict:
        """Wait for the loads and for the rest of the work, then compare."""
        self.await_loads(tormentor)
        started = time.monotonic()
        self.drain(tormentor)
        verdict = self.verdict()
        # A fan-out that has not begun shows nothing open: only what stays missing is lost.
        while not verdict.is_clean and time.monotonic() < started + PATIENCE_SECONDS:
            tormentor.wait(5)
            verdict = self.verdict()
        tell(f"all there and compared {time.monotonic() - started:.0f} s after the last answer")
        hung_up = sum(one.hung_up for one in self.heard().values())
        told = [f"calls that were given up after {self.length.timeout:g} s and made again: {hung_up}"]
        return replace(verdict, notes=[*verdict.notes, *told]) if hung_up else verdict

    def drain(self, tormentor: Tormentor) -> float:
        """Seconds until no run and no message is on its way; after a long patience, that patience."""
        started = time.monotonic()
        with client(self.stack.url) as http:
            while time.monotonic() < started + PATIENCE_SECONDS:
                try:
                    if still_open(http) == 0:
                        break
                except httpx.HTTPError:
                    pass  # It may be on its way up still.
                tormentor.wait(0.5)
        return time.monotonic() - started

    def heard(self) -> dict[int, Heard]:
        return {n: one for ledger in self.ledgers for n, one in read(ledger).items()}

    def verdict(self) -> Verdict:
        with client(self.stack.url) as http:
            return judge(self.heard(), look(http, everybody()), numbers(self.stack.mails))

    def stop(self) -> None:
        """Whatever was started ends."""
        for load in self.loads:
            if load.poll() is None:
                load.kill()
                load.wait()
        self.stack.stop()


def _put(http: httpx.Client, method: str, path: str, body: object) -> None:
    http.request(method, path, json=body).raise_for_status()
