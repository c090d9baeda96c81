"""What measures are told to do, and the shapes in which they tell what they saw."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How much is measured: paired rounds, runs in each, and whether the long forms are wanted.

    `messages` are loaded to see what growth does, `minutes` long memory is watched.
    """

    rounds: int = 5
    runs: int = 120
    is_long: bool = False
    messages: int = 50_000
    minutes: float = 2


def spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
    }


ENOUGH = {"p50": 1, "p95": 20, "p99": 100}
"""Of how many values a percentile is another than the highest."""


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """By the nearest rank, so that each was seen; those that would be the highest are left out."""
    ranked = sorted(values)
    told = {
        name: round(ranked[max(-(-len(ranked) * int(name[1:]) // 100), 1) - 1], 1)
        for name, enough in ENOUGH.items()
        if len(ranked) >= enough
    }
    return {"seen": float(len(ranked)), **told, "max": round(ranked[-1], 1)}


def reached(times: Mapping[str, float], name: str) -> tuple[str, float]:
    """A percentile by its name; where fewer were seen than it takes, the highest, and that it is that."""
    if times["seen"] < ENOUGH[name]:
        return f"highest of {times['seen']:.0f}", times["max"]
    return name, times[name]
