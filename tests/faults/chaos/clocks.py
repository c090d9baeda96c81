"""The scene in which the clock of the API, then of the worker, steps by an hour, and nobody else's does."""

import json
import time
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from models.values.development import FEED_CHANNEL_ID
from tests.faults.chaos.mix import DELAY_SECONDS
from tests.faults.chaos.promises import RECOVERY_SECONDS, SLOWER, shown_seconds
from tests.faults.chaos.shown import client
from tests.faults.chaos.stage import PATIENCE_SECONDS, Run
from tests.faults.chaos.torment import Tormentor, tell
from tests.faults.chaos.verdict import Count, Verdict

HOUR = 3600
STATES = [
    {"api": HOUR, "worker": 0},
    {"api": -HOUR, "worker": 0},
    {"api": 0, "worker": HOUR},
    {"api": 0, "worker": -HOUR},
    {"api": 0, "worker": 0},
]
"""Seconds that each clock is off, one state after the other: an hour ahead, two hours back, an hour ahead."""
NEAR_SECONDS = 600
"""On a busy machine a clock is read late, and a delay ends late; by an hour neither is."""
PROBE = -2


def library() -> Path | None:
    """libfaketime, which tells a process another time than the system's; None where it is not installed."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@dataclass(frozen=True)
class SteppingClock:
    """The wall clock of one process, which reads in a file how far it is off. Its monotonic clock is true."""

    file: Path

    def step(self, seconds: int) -> None:
        # In one piece: the process reads it about once a second.
        beside = self.file.with_suffix(".new")
        beside.write_text(f"{seconds:+d}\n")
        beside.replace(self.file)

    def variables(self, preloaded: Path) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(preloaded),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


@dataclass(frozen=True)
class Slept:
    """What became of a delay of `DELAY_SECONDS` during which clocks stepped; None: it did not end in time."""

    state: str
    took: float | None
    off: float = 0
    """Seconds between the time that its feed item bears and the true one."""


def clock_steps(run: Run) -> Verdict:
    """Load and a sleeper in each state; nobody does anything else."""
    tormentor, clocks = Tormentor(run.stack, run.seed), _with_clocks(run)
    rate, seconds = run.length.rate * SLOWER, len(STATES) * run.length.away
    run.send(rate, seconds, patience=seconds + 240)
    slept: list[Slept] = []
    api_off: list[float] = []
    for state in STATES:
        begun = time.monotonic()
        named = ", ".join(f"{part} {off:+d} s" for part, off in state.items())
        person = f"sleeper-{run.seed}-{len(slept)}"
        _put_to_sleep(run, person)
        for part, off in state.items():
            clocks[part].step(off)
        slept.append(_awaited(run, tormentor, person, named, begun))
        api_off.append(_off_of_api(run) - state["api"])
        tell(f"{named}: a delay of {DELAY_SECONDS} s took {shown_seconds(slept[-1].took)}")
        tormentor.wait(begun + run.length.away - time.monotonic())
    verdict = run.judged(tormentor)
    return replace(verdict, counts=[*verdict.counts, *_counts(slept, api_off, _off_of_mails(run))])


def _with_clocks(run: Run) -> dict[str, SteppingClock]:
    """API and worker anew, with clocks that can step and do not yet."""
    preloaded = library()
    if preloaded is None:
        raise SystemExit("clock_steps needs libfaketime, a package of Debian's")
    clocks = {part: SteppingClock(run.folder / f"{part}.clock") for part in ("api", "worker")}
    for part, clock in clocks.items():
        clock.step(0)
        run.stack.end(part)
        run.stack.more[part] = clock.variables(preloaded)
        run.stack.revive(part)
    run.stack.await_ready()
    return clocks


def _put_to_sleep(run: Run, person: str) -> None:
    body = {"recipients": [{"id": person}], "data": {"n": PROBE}}
    deadline = time.monotonic() + RECOVERY_SECONDS
    with client(run.stack.url) as http:
        while True:
            answer = http.post(
                "/v1/workflows/delayed/trigger", json=body, headers={"idempotency-key": person}
            )
            if answer.is_success:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{person} is not accepted: {answer.status_code} {answer.text}")
            time.sleep(0.2)


def _awaited(run: Run, tormentor: Tormentor, person: str, state: str, begun: float) -> Slept:
    with client(run.stack.url) as http:
        while (took := time.monotonic() - begun) < PATIENCE_SECONDS:
            answer = http.get(f"/v1/users/{person}/feeds/{FEED_CHANNEL_ID}").raise_for_status()
            for item in answer.json()["entries"]:
                shown_at = datetime.fromisoformat(item["inserted_at"]).timestamp()
                return Slept(state, took, shown_at - time.time())
            tormentor.wait(0.2)
    return Slept(state, None)


def _off_of_api(run: Run) -> float:
    """By the `Date` of its answers."""
    answer = httpx.get(f"{run.stack.url}/healthz", timeout=RECOVERY_SECONDS)
    return parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()


def _off_of_mails(run: Run) -> list[float]:
    """How far the `Date` of each mail, which the worker writes, is from its arrival."""
    mails = [json.loads(line) for line in run.stack.mails.read_text().splitlines()]
    return [parsedate_to_datetime(mail["date"]).timestamp() - mail["at"] for mail in mails]


def _counts(slept: list[Slept], api_off: list[float], mails_off: list[float]) -> list[Count]:
    times = Count("delays that ended early or late", len(slept))
    times.wrong += [f"{one.state}: {one.took}" for one in slept if not (one.took or 0) >= DELAY_SECONDS]
    dates = Count("feed items that bear a false time", len(slept))
    dates.wrong += [f"{one.state}: {one.off:.0f} s" for one in slept if abs(one.off) > NEAR_SECONDS]
    # Without these two the scene would prove nothing.
    stood = Count("steps that the API's clock missed", len(api_off))
    stood.wrong += [f"{off:.0f} s" for off in api_off if abs(off) > NEAR_SECONDS]
    worked = Count("steps that the worker's clock missed", 2)
    worked.wrong += [
        f"{off:+d} s" for off in (HOUR, -HOUR) if not any(abs(one - off) < NEAR_SECONDS for one in mails_off)
    ]
    return [times, dates, stood, worked]
