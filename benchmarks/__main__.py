"""`make bench`: prints what it measures and keeps it in `benchmarks/results/<date>.json` (D20)."""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from types import FrameType
from typing import Any

from benchmarks import (
    batches,
    ceiling,
    content,
    disk,
    fairness,
    fan_out,
    footprint,
    growth,
    latency,
    memory,
    outage,
    retention,
    runs,
    sleepers,
    steps,
    timers,
    trigger_to_feed,
)
from benchmarks.figures import Size
from benchmarks.instance import Instance, running
from benchmarks.machine import Meter
from benchmarks.reports import keep, sighting

MEASURES: dict[str, Callable[[Instance, int], Awaitable[dict[str, Any]]]] = {
    "footprint": footprint.measure,
    "trigger_to_feed": trigger_to_feed.measure,
    "content": content.measure,
}
SIZED_LONG: dict[str, Callable[[Instance, Size], Awaitable[dict[str, Any]]]] = {
    "disk": disk.measure,
    "memory": memory.measure,
    "outage": outage.measure,
    "retention": retention.measure,
}
LONG: dict[str, Callable[[Instance, int], Awaitable[dict[str, Any]]]] = {
    "batches": batches.measure,
    "big_batch": batches.measure_big,
    "sliding": batches.measure_sliding,
    "timers": timers.measure,
    "fan_out": fan_out.measure,
    "fairness": fairness.measure,
}
"""Measured only when they are asked for by name."""
SIZED: dict[str, Callable[[Instance, Size], Awaitable[dict[str, Any]]]] = {
    "ceiling": ceiling.measure,
    "runs": runs.measure,
    "latency": latency.measure,
    "sleepers": sleepers.measure,
}
"""Those that take more than a number of rounds; the first is in every report."""
ALONE: dict[str, Callable[[Size], Coroutine[Any, Any, dict[str, Any]]]] = {"steps": steps.measure}
"""The same, on servers of their own."""
LONG_ALONE: dict[str, Callable[[Size], Coroutine[Any, Any, dict[str, Any]]]] = {"growth": growth.measure}
"""Both."""
LONG_MESSAGES = 1_000_000
LONG_MINUTES = 30


def main() -> None:
    """Each measure on one instance, in the order of the list."""
    every = MEASURES | SIZED | LONG | SIZED_LONG | ALONE | LONG_ALONE
    usual = [*MEASURES, *SIZED, *ALONE]
    given = _parser(every, usual).parse_args()
    names = given.names or usual
    unknown = [name for name in names if name not in every]
    if unknown:
        raise SystemExit(f"no measure {', '.join(unknown)}; there are {', '.join(every)}")
    size = Size(
        rounds=given.rounds,
        runs=given.runs,
        is_long=given.long,
        messages=given.messages or (LONG_MESSAGES if given.long else Size.messages),
        minutes=given.minutes or (LONG_MINUTES if given.long else Size.minutes),
    )
    signal.signal(signal.SIGTERM, _leave)
    # Now: what is checked out may be another commit in half an hour.
    seen, started = sighting(sys.argv[1:]), time.monotonic()
    figures: dict[str, Any] = {}
    try:
        _measure_all(names, size, figures)
    finally:
        seen["took_s"] = round(time.monotonic() - started, 1)
        took = {name: told["took_s"] for name, told in figures.items()} | {"in all": seen["took_s"]}
        print("seconds taken: " + ", ".join(f"{name} {seconds:.0f}" for name, seconds in took.items()))
        # What was measured before one of them failed took minutes, too.
        if given.keep and figures:
            print(f"kept in benchmarks/results/{keep({'seen': seen, **figures})}")


def _leave(number: int, frame: FrameType | None) -> None:
    """So that what was started is ended, and what was measured is told."""
    raise SystemExit(128 + number)


def _measure_all(names: Sequence[str], size: Size, figures: dict[str, Any]) -> None:
    alone = ALONE | LONG_ALONE
    for name in [name for name in names if name in alone]:
        _tell(figures, name, lambda name=name: alone[name](size))  # type: ignore[misc]
    on_an_instance = [name for name in names if name not in alone and name != "ceiling"]
    if on_an_instance or "ceiling" in names:
        with running() as instance:
            for name in ["ceiling", *on_an_instance]:
                _tell(figures, name, lambda name=name: _measure(name, instance, size))  # type: ignore[misc]


def _parser(every: Iterable[str], usual: Iterable[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(every)} (default: {', '.join(usual)})")
    parser.add_argument(
        "--rounds", type=int, default=Size.rounds, help=f"paired rounds of each (default: {Size.rounds})"
    )
    parser.add_argument("--runs", type=int, default=Size.runs, help=f"runs in a round (default: {Size.runs})")
    parser.add_argument("--messages", type=int, help="loaded by growth (default: 50,000, long 1,000,000)")
    parser.add_argument("--minutes", type=float, help="that memory is watched (default: 2, long 30)")
    parser.add_argument("--long", action="store_true", help="the long forms, tens of minutes")
    parser.add_argument("--keep", action="store_true", help="write the figures to benchmarks/results/")
    return parser


def _tell(
    figures: dict[str, Any], name: str, measure: Callable[[], Coroutine[Any, Any, dict[str, Any]]]
) -> None:
    """Beside what the machine did meanwhile."""
    meter, started = Meter(), time.monotonic()
    measured = asyncio.run(measure())
    figures[name] = measured | {"machine": meter.figures(), "took_s": round(time.monotonic() - started, 1)}
    print(json.dumps({name: figures[name]}, indent=2), flush=True)


async def _measure(name: str, instance: Instance, size: Size) -> dict[str, Any]:
    if name in SIZED | SIZED_LONG:
        return await (SIZED | SIZED_LONG)[name](instance, size)
    return await (MEASURES | LONG)[name](instance, size.rounds)


if __name__ == "__main__":
    main()
