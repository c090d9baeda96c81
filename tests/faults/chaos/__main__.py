"""`make chaos`: load while everything is killed, frozen and restarted; then outages, one scene each.

A printed seed chooses everything; `--seed N` chooses it again. Exit 1 when a promise was broken.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from tests.faults.chaos.stage import Run
from tests.faults.chaos.torment import Tormentor, tell
from tests.faults.chaos.verdict import Verdict

Scene = Callable[[Run], Verdict]


def mix(run: Run) -> Verdict:
    """Random blows under a steady load."""
    load = run.send(run.rate, run.seconds)
    tormentor = Tormentor(run.stack, run.seed)
    tormentor.torment(run.seconds)
    tell(f"{len(tormentor.blows)} blows; the load ends, then the rest drains")
    return run.judged([load], tormentor)


SCENES: dict[str, Scene] = {"mix": mix}


def main() -> int:
    """Each scene on a stack of its own; 0 when all are clean."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=__doc__)
    parser.add_argument("--scene", action="append", choices=list(SCENES), help="only this one; repeatable")
    parser.add_argument("--seconds", type=float, default=900, help="of the mix (default: 900)")
    parser.add_argument("--rate", type=float, default=23, help="triggers a second (default: 23)")
    parser.add_argument("--keep", action="store_true", help="keep logs and ledgers of a clean scene too")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="what to repeat")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _leave)
    results = [
        _played(name, given.seconds, given.rate, given.seed, keeps=given.keep)
        for name in given.scene or list(SCENES)
    ]
    return 0 if all(results) else 1


def _leave(number: int, frame: FrameType | None) -> None:
    """So that what was started is ended."""
    raise SystemExit(128 + number)


def _played(name: str, seconds: float, rate: float, seed: int, *, keeps: bool) -> bool:
    folder = Path(tempfile.mkdtemp(prefix=f"tocsin-chaos-{name}-"))
    tell(f"== {name}: seed {seed}, {rate:g} triggers/s, logs in {folder}")
    started = time.monotonic()
    run = Run(folder, seed, rate, seconds)
    try:
        run.start()
        verdict = SCENES[name](run)
    finally:
        run.stop()
    tell(verdict.told)
    tell(f"== {name}: {'clean' if verdict.is_clean else 'NOT CLEAN'}, {time.monotonic() - started:.0f} s")
    if verdict.is_clean and not keeps:
        shutil.rmtree(folder)
    return verdict.is_clean


if __name__ == "__main__":
    sys.exit(main())
