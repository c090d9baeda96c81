"""The scenes: a mix of blows, and outages with what is promised while they last and after."""

import signal
import time
from dataclasses import replace

import httpx

from tests.faults.chaos.ledger import Heard
from tests.faults.chaos.mix import ANNOUNCED_WEIGHTS
from tests.faults.chaos.promises import (
    AROUND_SECONDS,
    RECOVERY_SECONDS,
    RED_SECONDS,
    SETTLING_SECONDS,
    SLOWER,
    kept,
    not_refused,
    shown_seconds,
    tell_of_outage,
    until_ready_is,
)
from tests.faults.chaos.shown import client, feed_holds, look
from tests.faults.chaos.stage import Run
from tests.faults.chaos.torment import Tormentor, met, tell
from tests.faults.chaos.verdict import Count, Verdict

CAPACITY_TRIGGERS = 400
LEAST_OVERLOAD = 5
"""Times the capacity; more is sent, since senders that compete with all the rest fall short of their plan."""
OVERLOAD = 6
OVERLOAD_SECONDS = 20
SENDERS = 2
"""Of the overload: one process of callers does not get as much processor time as it takes."""
PROBE = -1
"""The number of a trigger of the scene's own, whose person is not among those of the load."""


def mix(run: Run) -> Verdict:
    """Random blows under a steady load."""
    run.send(run.length.rate, run.length.seconds, weights=ANNOUNCED_WEIGHTS)
    tormentor = Tormentor(run.stack, run.seed)
    tormentor.torment(run.length.seconds)
    tell(f"{len(tormentor.blows)} blows; the load ends, then the rest drains")
    verdict = run.judged(tormentor)
    alone = f"processes that ended by themselves and were started again: {len(tormentor.ended_alone)}"
    with client(run.stack.url) as http:
        struck = met(tormentor.moments, look(http, []).runs)
    under_way = ", ".join(f"{kind} {blows}" for kind, blows in sorted(struck.items()))
    fell = f"of {len(tormentor.blows)} blows fell while runs were under way: {under_way or 'none'}"
    return replace(verdict, notes=[*verdict.notes, fell, alone])


def away(run: Run, part: str) -> Verdict:
    """Stopped in order, away for a while, started again; nobody does anything else."""
    tormentor = Tormentor(run.stack, run.seed)
    rate, seconds = run.length.rate * SLOWER, run.length.away + 2 * AROUND_SECONDS
    run.send(rate, seconds, patience=seconds + 240)
    tormentor.wait(AROUND_SECONDS)
    run.stack.end(part)
    gone_at, gone = time.time(), time.monotonic()
    red = until_ready_is(run, 503, run.length.away)
    tormentor.wait(gone + run.length.away - time.monotonic())
    back_at = time.time()
    run.stack.revive(part)
    green = until_ready_is(run, 200, RECOVERY_SECONDS)
    tell_of_outage(part, red, back_at - gone_at, green)
    verdict = run.judged(tormentor)
    heard = list(run.heard().values())
    counts = [
        kept(f"readiness red within {RED_SECONDS} s", red, RED_SECONDS),
        kept(f"readiness green within {RECOVERY_SECONDS} s", green, RECOVERY_SECONDS),
        not_refused(heard, gone_at + SETTLING_SECONDS, back_at),
    ]
    return replace(verdict, counts=[*verdict.counts, *counts])


def hanging_provider(run: Run) -> Verdict:
    """The mail server takes connections and answers nothing; feeds go on, and every mail goes out after."""
    tormentor = Tormentor(run.stack, run.seed)
    sink = run.stack.processes["sink"]
    sink.send_signal(signal.SIGUSR1)
    run.send(run.length.rate * SLOWER, run.length.away + AROUND_SECONDS)
    tormentor.wait(run.length.away)
    shown = _until_shown(run)
    sink.send_signal(signal.SIGUSR2)
    tell(f"mail hung for {run.length.away:.0f} s; in-app meanwhile after {shown_seconds(shown)}")
    verdict = run.judged(tormentor)
    return replace(verdict, counts=[*verdict.counts, kept("in-app within 10 s meanwhile", shown, 10)])


def overload(run: Run) -> Verdict:
    """More than five times what is accepted when fifty callers insist, and nobody tries again."""
    tormentor = Tormentor(run.stack, run.seed)
    run.send(CAPACITY_TRIGGERS, 1, at_once=50)
    run.await_loads(tormentor)
    capacity = _accepted_a_second(list(run.heard().values()))
    run.drain(tormentor)
    tell(f"capacity {capacity:.0f} triggers/s; now {OVERLOAD * capacity:.0f}/s for {OVERLOAD_SECONDS} s")
    begun_at = time.time()
    share = OVERLOAD * capacity / SENDERS
    loads = [run.send(share, OVERLOAD_SECONDS, insists=False, at_once=5_000) for _ in range(SENDERS)]
    tormentor.wait(OVERLOAD_SECONDS)
    # Who cannot keep up with the plan must not go on once the overload is said to be over.
    for load in loads:
        load.terminate()
    ended_at = time.time()
    shown = _until_shown(run)
    tell(f"in-app {shown_seconds(shown)} after the overload")
    verdict = run.judged(tormentor)
    heard = [one for one in run.heard().values() if one.asked_at > begun_at]
    accepted = sum(one.run_id is not None for one in heard)
    offered = len(heard) / (ended_at - begun_at)
    tell(f"of {len(heard)} triggers of the overload, {offered:.0f}/s, {accepted} were accepted")
    too_little = [] if offered > LEAST_OVERLOAD * capacity else [f"only {offered:.0f}/s could be sent"]
    counts = [
        Count("the overload is five times what is taken, or more", 1, too_little),
        kept(f"recovered within {RECOVERY_SECONDS} s", shown, RECOVERY_SECONDS),
        not_refused(heard, begun_at, time.time()),
    ]
    return replace(verdict, counts=[*verdict.counts, *counts])


def _accepted_a_second(heard: list[Heard]) -> float:
    """What was accepted while workers were at work on it too."""
    answers = [one.answered_at for one in heard if one.answered_at is not None]
    return len(answers) / (max(answers) - min(one.asked_at for one in heard))


def _until_shown(run: Run) -> float | None:
    """Seconds until a new trigger is in its person's feed, refused ones tried again; None: not in time."""
    started = time.monotonic()
    person = f"probe-{run.seed}"
    body = {"recipients": [{"id": person, "email": f"{person}@example.com"}], "data": {"n": PROBE}}
    is_accepted = False
    with client(run.stack.url) as http:
        while time.monotonic() < started + RECOVERY_SECONDS:
            try:
                if not is_accepted:
                    path, key = "/v1/workflows/mailed/trigger", {"idempotency-key": person}
                    is_accepted = http.post(path, json=body, headers=key).is_success
                elif feed_holds(http, person):
                    return time.monotonic() - started
            except httpx.HTTPError:
                pass  # As good as a refusal.
            time.sleep(0.1)
    return None
