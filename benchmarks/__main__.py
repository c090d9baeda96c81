"""`make bench`: prints what it measures and keeps it in `benchmarks/results/<date>.json` (D20)."""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import (
    batches,
    content,
    fairness,
    fan_out,
    footprint,
    in_app_and_email,
    one_in_app_step,
    steps,
    timers,
    trigger_to_feed,
)
from benchmarks.instance import Instance, running

MEASURES: dict[str, Callable[[Instance, int], Awaitable[dict[str, Any]]]] = {
    "footprint": footprint.measure,
    "trigger_to_feed": trigger_to_feed.measure,
    "in_app_and_email": in_app_and_email.measure,
    "one_in_app_step": one_in_app_step.measure,
    "content": content.measure,
    "batches": batches.measure,
}
LONG: dict[str, Callable[[Instance, int], Awaitable[dict[str, Any]]]] = {
    "big_batch": batches.measure_big,
    "sliding": batches.measure_sliding,
    "timers": timers.measure,
    "fan_out": fan_out.measure,
    "fairness": fairness.measure,
}
"""Measured only when they are asked for by name."""
ALONE: dict[str, Callable[[], Awaitable[dict[str, Any]]]] = {"steps": steps.measure}
"""The same, on servers of their own."""
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Each measure on one instance, in the order of the list."""
    every = MEASURES | LONG | ALONE
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help=f"some of {', '.join(every)} (default: {', '.join(MEASURES)})"
    )
    parser.add_argument("--rounds", type=int, default=5, help="paired rounds of each (default: 5)")
    parser.add_argument("--keep", action="store_true", help="write the figures to benchmarks/results/")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in every]
    if unknown:
        parser.error(f"no measure {', '.join(unknown)}; there are {', '.join(every)}")
    figures: dict[str, Any] = {}
    for name in [name for name in given.names if name in ALONE]:
        _tell(figures, name, asyncio.run(_alone(name)))
    on_an_instance = [name for name in given.names or MEASURES if name not in ALONE]
    if on_an_instance:
        with running() as instance:
            for name in on_an_instance:
                _tell(figures, name, asyncio.run(_measure(name, instance, given.rounds)))
    if given.keep:
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}.json"
        file.write_text(json.dumps(figures, indent=2) + "\n")
        print(f"kept in {file.relative_to(RESULTS.parents[1])}")


def _tell(figures: dict[str, Any], name: str, measured: dict[str, Any]) -> None:
    figures[name] = measured
    print(json.dumps({name: measured}, indent=2), flush=True)


async def _measure(name: str, instance: Instance, rounds: int) -> dict[str, Any]:
    return await (MEASURES | LONG)[name](instance, rounds)


async def _alone(name: str) -> dict[str, Any]:
    return await ALONE[name]()


if __name__ == "__main__":
    main()
