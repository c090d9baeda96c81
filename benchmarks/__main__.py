"""`make bench`: prints what it measures and keeps it in `benchmarks/results/<date>.json` (D20)."""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import batches, content, footprint, in_app_and_email, one_in_app_step, trigger_to_feed
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
    "sliding": batches.measure_sliding,
}
"""Measured only when they are asked for by name."""
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Each measure on one instance, in the order of the list."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help=f"some of {', '.join(MEASURES)} (default: all), {', '.join(LONG)}"
    )
    parser.add_argument("--rounds", type=int, default=5, help="paired rounds of each (default: 5)")
    parser.add_argument("--keep", action="store_true", help="write the figures to benchmarks/results/")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in MEASURES | LONG]
    if unknown:
        parser.error(f"no measure {', '.join(unknown)}; there are {', '.join(MEASURES | LONG)}")
    figures: dict[str, Any] = {}
    with running() as instance:
        for name in given.names or MEASURES:
            figures[name] = asyncio.run(_measure(name, instance, given.rounds))
            print(json.dumps({name: figures[name]}, indent=2))
    if given.keep:
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}.json"
        file.write_text(json.dumps(figures, indent=2) + "\n")
        print(f"kept in {file.relative_to(RESULTS.parents[1])}")


async def _measure(name: str, instance: Instance, rounds: int) -> dict[str, Any]:
    return await (MEASURES | LONG)[name](instance, rounds)


if __name__ == "__main__":
    main()
