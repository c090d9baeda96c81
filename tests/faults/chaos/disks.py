"""The scene in which the disk of Postgres and Temporal runs full, and has room again."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.faults.chaos.promises import (
    AROUND_SECONDS,
    RECOVERY_SECONDS,
    RED_SECONDS,
    SLOWER,
    kept,
    not_refused,
    tell_of_outage,
    until_ready_is,
)
from tests.faults.chaos.stage import Run
from tests.faults.chaos.torment import Tormentor
from tests.faults.chaos.verdict import Verdict

SIZE = "1g"
BLOCK = b"\0" * 65_536


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of its own, in memory; needs root, as mounting does."""
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(disk)], check=True)
    # Postgres runs as nobody, who must be able to pass.
    folder.chmod(0o755)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def disk_full(run: Run) -> Verdict:
    """Somebody else fills the disk to the last block, and after a while makes room again."""
    assert run.disk is not None
    tormentor = Tormentor(run.stack, run.seed)
    rate, length = run.length.rate * SLOWER, run.length.away + 2 * AROUND_SECONDS
    run.send(rate, length, patience=length + 240)
    tormentor.wait(AROUND_SECONDS)
    filler, gone_at, gone = run.disk / "filler", time.time(), time.monotonic()
    fill(filler)
    red = until_ready_is(run, 503, run.length.away)
    red_at = time.time()
    while (left := gone + run.length.away - time.monotonic()) > 0:
        fill(filler)
        tormentor.wait(min(left, 0.5))
    back_at = time.time()
    filler.unlink()
    green = until_ready_is(run, 200, RECOVERY_SECONDS)
    tell_of_outage("disk", red, back_at - gone_at, green)
    verdict = run.judged(tormentor)
    refused = [one["at"] for heard in run.heard().values() for one in heard.other_answers]
    # Until its files must grow, Postgres does not notice.
    waited = None if red is None or not refused else red_at - min(refused)
    counts = [
        kept(f"readiness red {RED_SECONDS} s after the first refusal", waited, RED_SECONDS),
        kept(f"readiness green within {RECOVERY_SECONDS} s", green, RECOVERY_SECONDS),
        not_refused(list(run.heard().values()), gone_at, back_at),
    ]
    return replace(verdict, counts=[*verdict.counts, *counts])


def fill(filler: Path) -> None:
    """Until not a block is left; what the servers give back is taken too."""
    with filler.open("ab", buffering=0) as file:
        try:
            while file.write(BLOCK) == len(BLOCK):
                pass
        except OSError:
            return
