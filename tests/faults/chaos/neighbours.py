"""A scene about neighbours: one tenant sends a hundred times as much as all others, who go on as before.

Nobody looks into feeds meanwhile: callers who asked for their items until they were there took part of both
processors. Postgres tells afterwards when each item was committed. One feed is read every two seconds.
"""

import math
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import httpx

from tests.faults.chaos.ledger import Heard
from tests.faults.chaos.mix import CROWDED_RUNS, CROWDED_WEIGHTS, SINGLE_WEIGHTS, subscribers, teams
from tests.faults.chaos.shown import client, feed_holds, open_runs_of
from tests.faults.chaos.stage import Run
from tests.faults.chaos.torment import Tormentor, tell
from tests.faults.chaos.verdict import Count, Verdict
from tests.faults.trial import query

NOISY, QUIET = "noisy", "quiet"
READER = subscribers(teams()[0])[0]
OTHERS_RATE = 4.0
"""Triggers of others, and runs, a second."""
TIMES = 100
BURST_SECONDS = 4
MOST_SECONDS = 240
"""Others send until the last of the burst's runs has ended, but no longer than this."""
ALONE_SECONDS = 30
"""For more than a hundred, so that p99 is another than the highest."""
LEAD_SECONDS = 2
"""For the process of the burst to start, which takes a processor."""
WARMING_SECONDS = 5
"""Before what counts: connections are opened and statements planned."""
MOST = 2.0
"""By how much the others' p99 may grow."""
READABLE = f"""
    SELECT (data ->> 'n')::int AS n, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at
    FROM feed_items WHERE tenant_id = '{QUIET}'
"""


@dataclass(frozen=True)
class Waits:
    """Seconds from triggers to the commits of their feed items."""

    seconds: list[float]

    @property
    def p50(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p99(self) -> float:
        """The smallest that 99 of a hundred are not above."""
        return sorted(self.seconds)[math.ceil(0.99 * len(self.seconds)) - 1]

    @property
    def told(self) -> str:
        return f"p50 {1000 * self.p50:.0f} ms, p99 {1000 * self.p99:.0f} ms of {len(self.seconds)}"


def noisy_neighbour(run: Run) -> Verdict:
    """Others alone, then beside a neighbour's burst until the last of its runs has ended."""
    tormentor = Tormentor(run.stack, run.seed)
    seconds = WARMING_SECONDS + ALONE_SECONDS + LEAD_SECONDS + MOST_SECONDS
    others = run.send(OTHERS_RATE, seconds, weights=SINGLE_WEIGHTS, tenant=QUIET)
    begun_at = time.time() + WARMING_SECONDS
    tormentor.wait(WARMING_SECONDS + ALONE_SECONDS)
    alone_until = time.time()
    noisy_at = alone_until + LEAD_SECONDS
    crowd = {"weights": CROWDED_WEIGHTS, "tenant": NOISY, "at_once": 300, "begins_at": noisy_at}
    burst = run.send(OTHERS_RATE * TIMES / CROWDED_RUNS, BURST_SECONDS, **crowd)
    tormentor.wait(LEAD_SECONDS)
    read: list[float] = []
    while (goes_on := burst.poll() is None or _is_at_work(run)) and time.time() < noisy_at + MOST_SECONDS:
        read.append(_seconds_to_read(run))
        tormentor.wait(2)
    quiet_at = time.time()
    others.terminate()
    verdict = run.judged(tormentor)
    heard, items = run.heard(), {row["n"]: row["at"] for row in query(run.stack, READABLE)}
    alone, beside = waits(heard, items, begun_at, alone_until), waits(heard, items, noisy_at, quiet_at)
    crowded = [one for one in heard.values() if one.kind in CROWDED_WEIGHTS]
    runs, took = sum(one.runs for one in crowded), quiet_at - noisy_at
    tell(
        f"the neighbour: {len(crowded)} triggers, {runs} runs at {TIMES} times the others' rate, {took:.0f} s"
    )
    tell(f"others: {alone.told} alone; {beside.told} beside it; p99 {beside.p99 / alone.p99:.1f} times")
    tell(f"a feed was read beside it in {Waits(read).told}")
    unread = Count("feeds not read beside it", len(read), [f"{each} s" for each in read if each == math.inf])
    return replace(verdict, counts=[*verdict.counts, ended(goes_on, took), unread, moved(alone, beside)])


def _seconds_to_read(run: Run) -> float:
    """Of somebody's feed, on a new connection; whoever gets no feed waits for ever."""
    started = time.monotonic()
    try:
        with client(run.stack.url) as http:
            feed_holds(http, READER)
    except httpx.HTTPError:
        return math.inf
    return time.monotonic() - started


def _is_at_work(run: Run) -> bool:
    try:
        with client(run.stack.url) as http:
            return open_runs_of(http, NOISY) > 0
    except httpx.HTTPError:
        return True


def waits(heard: dict[int, Heard], items: Mapping[int, float], since: float, until: float) -> Waits:
    """Of what others asked for in this time; whose item never came waits for ever."""
    others = [one for one in heard.values() if one.kind in SINGLE_WEIGHTS and since < one.asked_at < until]
    return Waits([items.get(one.n, math.inf) - one.asked_at for one in others])


def ended(goes_on: bool, took: float) -> Count:
    """Whether all of the burst's work was done while others still sent; who stops before hears too little."""
    wrong = [f"its work went on after {took:.0f} s, when others had ended"] if goes_on else []
    return Count("the burst had ended while others were heard", 1, wrong)


def moved(alone: Waits, beside: Waits) -> Count:
    """Whether the neighbour was heard."""
    times = beside.p99 / alone.p99
    # Who never saw theirs while alone gives nothing to compare with.
    is_fine = times < MOST and alone.p99 < math.inf
    wrong = [] if is_fine else [f"{times:.1f} times: {alone.told} alone, {beside.told} beside it"]
    return Count(f"others' p99 below {MOST:g} times", 1, wrong)
