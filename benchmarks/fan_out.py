"""Memory of the worker while a trigger fans out to 1,000 subscribers of an object, and then to 10,000."""

import asyncio
import time
from typing import Any

import httpx
import psutil

from benchmarks.ceiling import AT_ONCE
from benchmarks.instance import Instance, in_app_step
from benchmarks.machine import noise
from benchmarks.timers import value
from benchmarks.waiting import until

SIZES = (1_000, 10_000)
IN_A_CALL = 100
"""Subscribers that one call may add."""
SAMPLE_SECONDS = 0.25


async def measure(instance: Instance, rounds: int) -> dict[str, Any]:
    """The most that the worker held in each; `rounds` is not used.

    The first one goes twice: a worker that has just started grows by what it loads and keeps anyway.
    """
    before = noise()
    (worker,) = instance.processes()["worker"]
    figures: dict[str, Any] = {"noise": before}
    async with httpx.AsyncClient(headers=instance.headers, timeout=120) as http:
        for size in SIZES:
            await _subscribe(instance, http, size)
        await _fan_out(instance, http, worker, SIZES[0], "warm")
        held = {}
        for size in SIZES:
            held[size], seconds = await _fan_out(instance, http, worker, size, "measured")
            figures[f"{size}"] = {"most_megabytes": held[size], "seconds": round(seconds, 1)}
    figures["growth_megabytes"] = round(held[SIZES[1]] - held[SIZES[0]], 1)
    return figures


async def _subscribe(instance: Instance, http: httpx.AsyncClient, size: int) -> None:
    slots = asyncio.Semaphore(AT_ONCE // 4)
    url = f"{instance.url}/v1/objects/crowds/{size}/subscriptions"

    async def page(first: int) -> None:
        people = [{"id": f"subscriber-{number}"} for number in range(first, first + IN_A_CALL)]
        async with slots:
            (await http.post(url, json={"recipients": people})).raise_for_status()

    (await http.put(f"{instance.url}/v1/objects/crowds/{size}", json={})).raise_for_status()
    await asyncio.gather(*(page(first) for first in range(0, size, IN_A_CALL)))


async def _fan_out(
    instance: Instance, http: httpx.AsyncClient, worker: psutil.Process, size: int, label: str
) -> tuple[float, float]:
    """The most megabytes of the worker's own until every run is finished, and the seconds that took."""
    key = f"crowd-{size}-{label}"
    instance.publish(key, in_app_step())
    started = time.monotonic()
    body = {"recipients": [{"collection": "crowds", "id": str(size)}], "data": {"number": size}}
    (await http.post(f"{instance.url}/v1/workflows/{key}/trigger", json=body)).raise_for_status()
    most = 0.0

    async def is_done() -> bool:
        nonlocal most
        most = max(most, worker.memory_full_info().uss / 2**20)
        sql = f"SELECT count(*) FROM recipient_runs WHERE workflow_key = '{key}' AND finished_at IS NOT NULL"
        # The object itself is a recipient too, one who gets nothing.
        return bool(await asyncio.to_thread(value, instance, sql) > size)

    await until(is_done, pause_seconds=SAMPLE_SECONDS)
    return round(most, 1), time.monotonic() - started
