"""Memory of each process over minutes at half of the capacity, and how fast it still grows."""

import asyncio
import statistics
import time
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


async def measure(instance: Instance, size: Size) -> dict[str, Any]:
    """Megabytes by role, shared pages counted once; the growth is that of a line after warming up."""
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
        "megabytes": {role: _told(values) for role, values in seen.items()},
        "seconds": [round(moment) for moment in moments],
        "megabytes_then": {role: [round(one, 1) for one in values] for role, values in seen.items()},
        "megabytes_an_hour": {role: _slope(moments, values, steady) for role, values in seen.items()},
    }


async def _watch(
    instance: Instance, load: asyncio.Task[Sent], pause: float
) -> tuple[list[float], dict[str, list[float]]]:
    started, moments = time.monotonic(), []
    seen: dict[str, list[float]] = {}
    while not load.done():
        await asyncio.sleep(pause)
        moments.append(time.monotonic() - started)
        for role, megabytes in (await asyncio.to_thread(instance.pss_megabytes)).items():
            seen.setdefault(role, []).append(megabytes)
    return moments, seen


def _told(values: list[float]) -> dict[str, float]:
    """The first, the last, and the highest."""
    return {"first": values[0], "last": values[-1], "max": max(values)}


def _slope(moments: list[float], values: list[float], steady: list[int]) -> float:
    line = statistics.linear_regression([moments[n] for n in steady], [values[n] for n in steady])
    return round(line.slope * 3600, 1)
