"""`make chaos`: load while everything is killed, frozen and restarted; then outages, one scene each.

A printed seed chooses everything; `--seed N` chooses it again. Exit 1 when a promise was broken.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import FrameType

from tests.faults.chaos.clocks import clock_steps, library
from tests.faults.chaos.disks import disk_full, small_disk
from tests.faults.chaos.load import SDK_SECONDS
from tests.faults.chaos.neighbours import noisy_neighbour
from tests.faults.chaos.restores import power_cut, restore_postgres, restore_temporal
from tests.faults.chaos.scenes import away, hanging_provider, mix, overload
from tests.faults.chaos.stage import OLDER_SECONDS, Length, Run
from tests.faults.chaos.torment import tell
from tests.faults.chaos.totals import Played, record
from tests.faults.chaos.totals import told as told_of_all
from tests.faults.chaos.verdict import Verdict

Scene = Callable[[Run], Verdict]


SCENES: dict[str, Scene] = {
    "mix": mix,
    "postgres_away": lambda run: away(run, "postgres"),
    "temporal_away": lambda run: away(run, "temporal"),
    "hanging_provider": hanging_provider,
    "overload": overload,
    "noisy_neighbour": noisy_neighbour,
    "disk_full": disk_full,
    "restore_postgres": restore_postgres,
    "restore_temporal": restore_temporal,
    "power_cut": power_cut,
    "clock_steps": clock_steps,
}


def main() -> int:
    """Each scene on a stack of its own; 0 when all are clean."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=__doc__)
    parser.add_argument("--scene", action="append", choices=list(SCENES), help="only this one; repeatable")
    parser.add_argument("--seconds", type=float, default=900, help="of the mix (default: 900)")
    parser.add_argument("--rate", type=float, default=12, help="triggers a second (default: 12)")
    parser.add_argument("--away", type=float, default=10, help="seconds of an outage; long: 300")
    parser.add_argument(
        "--older",
        type=float,
        default=OLDER_SECONDS,
        help="seconds between a backup and its restore; long: 600",
    )
    parser.add_argument(
        "--timeout", type=float, default=SDK_SECONDS, help="seconds until a caller hangs up (default: 60)"
    )
    parser.add_argument("--keep", action="store_true", help="keep logs and ledgers of a clean scene too")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="what to repeat")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _leave)
    length = Length(given.rate, given.seconds, given.away, given.timeout, given.older)
    names = given.scene or _playable()
    results = [_played(name, length, given.seed, keeps=given.keep) for name in names]
    tell(told_of_all())
    return 0 if all(results) else 1


def _playable() -> list[str]:
    """All scenes, but those that lack something here: that is told."""
    lacking = {}
    if os.geteuid() != 0:
        lacking["disk_full"] = "mounting a small disk needs root"
    if library() is None:
        lacking["clock_steps"] = "libfaketime is not installed"
    for name, why in lacking.items():
        tell(f"== {name}: not played, since {why}")
    return [name for name in SCENES if name not in lacking]


def _leave(number: int, frame: FrameType | None) -> None:
    """So that what was started is ended."""
    raise SystemExit(128 + number)


def _played(name: str, length: Length, seed: int, *, keeps: bool) -> bool:
    folder = Path(tempfile.mkdtemp(prefix=f"tocsin-chaos-{name}-"))
    tell(f"== {name}: seed {seed}, {length.rate:g} triggers/s, logs in {folder}")
    started = time.monotonic()
    with small_disk(folder) if SCENES[name] is disk_full else nullcontext() as disk:
        run = Run(folder, seed, length, disk)
        try:
            run.start()
            verdict = SCENES[name](run)
        finally:
            run.stop()
    tell(verdict.told)
    record(Played(name, seed, length.rate, length.seconds), verdict)
    tell(f"== {name}: {'clean' if verdict.is_clean else 'NOT CLEAN'}, {time.monotonic() - started:.0f} s")
    if verdict.is_clean and not keeps:
        shutil.rmtree(folder)
    return verdict.is_clean


if __name__ == "__main__":
    sys.exit(main())
