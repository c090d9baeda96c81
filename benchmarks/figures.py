"""What measures are told to do, and the shapes in which they tell what they saw."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How much is measured: paired rounds, runs in each, and whether the long forms are wanted.

    `messages` are loaded to see what growth does, `minutes` long memory is watched.
    """

    rounds: int = 5
    runs: int = 150
    is_long: bool = False
    messages: int = 50_000
    minutes: float = 2


def spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 2),
        "min": round(min(values), 2),
        "max": round(max(values), 2),
    }


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """By the nearest rank, so that the highest is one that was seen."""
    ranked = sorted(values)
    told = {
        f"p{share}": round(ranked[max(-(-len(ranked) * share // 100), 1) - 1], 1) for share in (50, 95, 99)
    }
    return {"seen": float(len(ranked)), **told, "max": round(ranked[-1], 1)}
