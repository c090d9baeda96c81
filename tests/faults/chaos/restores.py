"""The restore drill: one side is put back to an earlier moment, and the reconciler says what that did."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.faults.chaos.copies import (
    copy_postgres,
    copy_temporal,
    lose_unsynced,
    put_postgres_back,
    put_temporal_back,
)
from tests.faults.chaos.ledger import Heard
from tests.faults.chaos.mix import RESTORED_WEIGHTS, everybody
from tests.faults.chaos.shown import client, differences, look
from tests.faults.chaos.sink import numbers
from tests.faults.chaos.stage import PATIENCE_SECONDS, Run
from tests.faults.chaos.torment import PARTS, Tormentor, tell
from tests.faults.chaos.verdict import Count, Verdict, judge
from tests.faults.stack import Stack

AROUND_SECONDS = 20
"""Load before the backup, and half as long after the restore; between them, until the backup is old."""
REMEMBERED_SECONDS = 15
"""Rounds of the reconciler are made every 10 s, and one must follow the backup."""
SLOWER = 0.5
AGAIN = "messages_sent_again"
LOST = "triggers_lost"


def restore_postgres(run: Run) -> Verdict:
    """Postgres is older than Temporal: what was accepted since is gone, everything else is kept."""
    copied_at = _drill(run, copy_postgres, put_postgres_back)
    return _settled(run, lambda: _judged_without_the_lost(run, copied_at))


def restore_temporal(run: Run) -> Verdict:
    """Temporal is older than Postgres: nothing is lost, and nothing is sent again."""
    _drill(run, copy_temporal, put_temporal_back)
    return _settled(run, lambda: _judged(run, run.heard()))


def power_cut(run: Run) -> Verdict:
    """Everything ends at once, and what the embedded Temporal had not synced to the disk is lost."""
    tormentor, stack = Tormentor(run.stack, run.seed), run.stack
    run.send(run.length.rate * SLOWER, 2 * AROUND_SECONDS, weights=RESTORED_WEIGHTS)
    tormentor.wait(AROUND_SECONDS)
    for part in reversed(PARTS):
        stack.kill(part)
    lost = lose_unsynced(stack)
    for part in PARTS:
        stack.revive(part)
    stack.await_ready()
    tell(f"the last {lost / 1024:.0f} KB of Temporal's log are lost")
    run.await_loads(tormentor)
    return _settled(run, run.verdict)


def _drill(run: Run, copy: Callable[[Stack, Path], Path], put_back: Callable[[Stack, Path], None]) -> float:
    """Load, a backup in the midst of it, load, everything stops, the copy is put back, load; its moment."""
    tormentor, stack, rate = Tormentor(run.stack, run.seed), run.stack, run.length.rate * SLOWER
    run.send(rate, AROUND_SECONDS + run.length.older, weights=RESTORED_WEIGHTS)
    tormentor.wait(AROUND_SECONDS)
    copied_at = time.time()
    kept = copy(stack, run.folder)
    tell(f"the copy took {time.time() - copied_at:.1f} s; {stack.url} goes on")
    tormentor.wait(REMEMBERED_SECONDS)
    run.await_loads(tormentor)
    older = time.time() - copied_at
    tell(f"before the restore: {_told(_differences(run))}")
    for part in ("api", "worker", "temporal"):
        stack.end(part)
    put_back(stack, kept)
    stack.end("postgres")
    for part in PARTS:
        stack.revive(part)
    stack.await_ready()
    tell(f"the copy is put back, {older:.0f} s old; load again")
    run.send(rate, AROUND_SECONDS / 2, weights=RESTORED_WEIGHTS)
    tormentor.wait(AROUND_SECONDS / 2)
    run.await_loads(tormentor)
    return copied_at


def _settled(run: Run, judged: Callable[[], Verdict]) -> Verdict:
    """The first clean verdict with nothing on its way, or the one that patience ends with."""
    tormentor, started = Tormentor(run.stack, run.seed), time.monotonic()
    run.drain(tormentor)
    verdict = judged()
    while not verdict.is_clean and time.monotonic() < started + PATIENCE_SECONDS:
        tormentor.wait(5)
        verdict = judged()
    tell(f"all there and compared {time.monotonic() - started:.0f} s after the last answer")
    return replace(verdict, notes=[*verdict.notes, f"the reconciler's report: {_told(_differences(run))}"])


def _judged_without_the_lost(run: Run, copied_at: float) -> Verdict:
    """What Postgres never heard of must be in the report, and must have been accepted after the copy."""
    heard = run.heard()
    with client(run.stack.url) as http:
        known = {one.trigger_id for one in look(http, []).runs}
    lost = [one for one in heard.values() if one.run_id is not None and one.run_id not in known]
    early = [f"{one.kind} {one.n} {one.run_id}" for one in lost if (one.answered_at or 0) < copied_at]
    verdict = _judged(run, {n: one for n, one in heard.items() if one not in lost})
    many, told = len(lost), _differences(run)[LOST]
    counts = [
        Count("lost though older than the copy", len(heard) - len(lost), early),
        Count(
            "lost triggers that no report counts", many, [] if told == many else [f"{told} told of {many}"]
        ),
    ]
    note = f"accepted after the copy and lost with it: {many} triggers"
    return replace(verdict, counts=[*verdict.counts, *counts], notes=[*verdict.notes, note])


def _judged(run: Run, heard: dict[int, Heard]) -> Verdict:
    mails = numbers(run.stack.mails)
    with client(run.stack.url) as http:
        verdict = judge(heard, look(http, everybody()), mails)
    twice, told = sum(times - 1 for times in Counter(mails).values()), _differences(run)[AGAIN]
    silent = Count(
        "mails sent again silently", len(mails), [] if twice == told else [f"{told} told of {twice}"]
    )
    return replace(verdict, counts=[*verdict.counts, silent])


def _differences(run: Run) -> Counter[str]:
    with client(run.stack.url) as http:
        return differences(http)


def _told(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} {many}" for kind, many in sorted(kinds.items())) or "no difference"
