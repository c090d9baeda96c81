"""From the trigger call to a readable feed item on an idle system, one after the other."""

import asyncio
import statistics
import time
from typing import Any

import httpx

from benchmarks.instance import Instance, in_app_step
from benchmarks.machine import noise
from benchmarks.waiting import until

TRIGGERS = 200
PAUSE_SECONDS = 0.03


async def measure(instance: Instance, rounds: int) -> dict[str, Any]:
    """`rounds` is not used: every trigger is a measurement."""
    instance.publish("trigger-to-feed", in_app_step())
    async with httpx.AsyncClient(headers=instance.headers, timeout=30) as http:
        for number in range(10):
            await _one(instance, http, f"warm-{number}")
        before = noise()
        took = []
        for number in range(TRIGGERS):
            took.append(await _one(instance, http, f"user-{number}"))
            await asyncio.sleep(PAUSE_SECONDS)
    cuts = statistics.quantiles([total for total, _ in took], n=100)
    accepted = statistics.quantiles([answered for _, answered in took], n=100)
    return {
        "noise": before,
        "triggers": TRIGGERS,
        "ms": {"p50": round(cuts[49], 1), "p95": round(cuts[94], 1), "p99": round(cuts[98], 1)},
        "answer_ms": {"p50": round(accepted[49], 1), "p99": round(accepted[98], 1)},
    }


async def _one(instance: Instance, http: httpx.AsyncClient, user: str) -> tuple[float, float]:
    """Milliseconds until the item is readable, and until the trigger was answered."""
    started = time.perf_counter()
    body = {"recipients": [{"id": user}], "data": {"number": 1}}
    (await http.post(f"{instance.url}/v1/workflows/trigger-to-feed/trigger", json=body)).raise_for_status()
    answered = time.perf_counter()
    await until(lambda: _is_readable(http, instance.feed(user)), pause_seconds=0.001)
    return (time.perf_counter() - started) * 1000, (answered - started) * 1000


async def _is_readable(http: httpx.AsyncClient, feed: str) -> bool:
    return bool((await http.get(feed)).json()["entries"])
