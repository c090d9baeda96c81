"""Memory of each process over minutes at half of the capacity, and how fast it still grows."""

import asyncio
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.figures import Size
from benchmarks.instance import Instance, email_step, in_app_step
from benchmarks.open_loop import Sent, send
from benchmarks.runs import Shape, paid

SHAPE = Shape("memory", [in_app_step(), email_step()])
SHARE = 0.5
SAMPLES = 30
WARMING = 1 / 3
"""The share of the time in which caches may fill."""


@dataclass(frozen=True)
class Samples:
    """Megabytes by role, one of each moment: with its share of what others hold too, and without."""

    megabytes: dict[str, list[float]] = field(default_factory=dict)
    own: dict[str, list[float]] = field(default_factory=dict)


async def measure(instance: Instance, size: Size) -> dict[str, Any]:
    """Megabytes by role, shared pages counted once; the growth is that of a line after warming up.

    Postgres shares its buffers, which fill up to `shared_buffers` and then stay; `own` are the pages that a
    process has to itself, which would rise with what leaks.
    """
    instance.publish(SHAPE.key, *SHAPE.steps)
    async with httpx.AsyncClient(headers=instance.headers, timeout=120) as http:
        await paid(instance, http, SHAPE, min(size.runs, 50), "warm")
        capacity = (await paid(instance, http, SHAPE, size.runs, "capacity")).rate
    seconds = size.minutes * 60
    load = asyncio.create_task(send(instance, SHAPE.key, "memory", capacity * SHARE, seconds))
    moments, seen = await _watch(instance, load, seconds / SAMPLES)
    sent = await load
    steady = [place for place, moment in enumerate(moments) if moment >= seconds * WARMING]
    return {
        "minutes": size.minutes,
        "capacity_runs_per_s": round(capacity, 1),
        "triggers": len(sent.due),
        "refused": sent.refused,
        "megabytes": {role: _told(values) for role, values in seen.megabytes.items()},
        "seconds": [round(moment) for moment in moments],
        "megabytes_then": seen.megabytes,
        "own_megabytes_then": seen.own,
        "megabytes_an_hour": {
            role: _slope(moments, values, steady) for role, values in seen.megabytes.items()
        },
        "own_megabytes_an_hour": {role: _slope(moments, values, steady) for role, values in seen.own.items()},
    }


async def _watch(instance: Instance, load: asyncio.Task[Sent], pause: float) -> tuple[list[float], Samples]:
    started, moments, seen = time.monotonic(), [], Samples()
    while not load.done():
        await asyncio.sleep(pause)
        moments.append(time.monotonic() - started)
        for role, memory in (await asyncio.to_thread(instance.memory)).items():
            seen.megabytes.setdefault(role, []).append(memory.megabytes)
            seen.own.setdefault(role, []).append(memory.own)
    return moments, seen


def _told(values: list[float]) -> dict[str, float]:
    """The first, the last, and the highest."""
    return {"first": values[0], "last": values[-1], "max": max(values)}


def _slope(moments: list[float], values: list[float], steady: list[int]) -> float:
    line = statistics.linear_regression([moments[n] for n in steady], [values[n] for n in steady])
    return round(line.slope * 3600, 1)
