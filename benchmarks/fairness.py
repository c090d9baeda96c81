"""A burst of one tenant's triggers, and single triggers of another in the middle of it.

`python -m benchmarks.fairness URL KEY COUNT AT_ONCE` sends such a burst, from a process of its own. To see
the same with few connections to Postgres: `TOCSIN_WORKER_POOL_SIZE=2 python -m benchmarks fairness`.
"""

import asyncio
import sys
import time
from typing import Any

import httpx
import psycopg

from benchmarks.figures import percentiles
from benchmarks.instance import Instance, in_app_step
from benchmarks.machine import noise
from benchmarks.waiting import until
from models.values.development import SECRET_KEY

BURST = 2_000
IN_FLIGHT = 200
"""Calls of the burst at the same time, many more than the API takes on at once."""
ALONE = 20
"""Single triggers on the idle system, to compare with."""
KEY = "fairness"


async def measure(instance: Instance, rounds: int) -> dict[str, Any]:
    """Milliseconds from the trigger to the readable feed item; `rounds` is not used."""
    instance.publish(KEY, in_app_step())
    async with httpx.AsyncClient(headers=instance.headers, timeout=120) as http:
        for number in range(10):
            await _single(instance, http, f"warm-{number}")
        before = noise()
        alone = [await _single(instance, http, f"alone-{number}") for number in range(ALONE)]
        started = time.monotonic()
        words = [instance.url, KEY, str(BURST), str(IN_FLIGHT)]
        sender = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.fairness", *words)
        await until(lambda: _has_begun(instance))
        beside: list[float] = []
        while not await _is_over(instance):
            beside.append(await _single(instance, http, f"beside-{len(beside)}"))
            await asyncio.sleep(0.1)
        await sender.wait()
        seconds = time.monotonic() - started
    return {
        "noise": before,
        "burst": {"triggers": BURST, "in_flight": IN_FLIGHT, "until_its_last_item_s": round(seconds, 1)},
        "of_the_burst_ms": percentiles(await asyncio.to_thread(_waits, instance)),
        "beside_it_ms": percentiles(beside),
        "alone_ms": percentiles(alone),
    }


async def _single(instance: Instance, http: httpx.AsyncClient, user: str) -> float:
    """One trigger of the other tenant, until its feed has the item."""
    started = time.monotonic()
    body = {"recipients": [{"id": user}], "tenant": "single", "data": {"number": 1}}
    (await http.post(f"{instance.url}/v1/workflows/{KEY}/trigger", json=body)).raise_for_status()

    async def has_item() -> bool:
        return bool((await http.get(instance.feed(user))).json()["entries"])

    await until(has_item, pause_seconds=0.01)
    return (time.monotonic() - started) * 1000


async def burst(url: str, key: str, count: int, at_once: int) -> None:
    """Send so many triggers of one tenant; each says when it was sent."""
    slots = asyncio.Semaphore(at_once)
    limits = httpx.Limits(max_connections=at_once)
    headers = {"authorization": f"Bearer {SECRET_KEY}"}
    async with httpx.AsyncClient(headers=headers, timeout=120, limits=limits) as http:

        async def one(number: int) -> None:
            async with slots:
                body = {
                    "recipients": [{"id": f"burst-{number}"}],
                    "tenant": "burst",
                    "data": {"number": number, "sent": time.time()},
                }
                (await http.post(f"{url}/v1/workflows/{key}/trigger", json=body)).raise_for_status()

        await asyncio.gather(*(one(number) for number in range(count)))


async def _has_begun(instance: Instance) -> bool:
    return bool(
        await asyncio.to_thread(_rows, instance, "SELECT 1 FROM triggers WHERE tenant_id = 'burst' LIMIT 1")
    )


async def _is_over(instance: Instance) -> bool:
    sql = "SELECT count(*) FROM recipient_runs WHERE tenant_id = 'burst' AND finished_at IS NOT NULL"
    return bool((await asyncio.to_thread(_rows, instance, sql))[0][0] == BURST)


def _waits(instance: Instance) -> list[float]:
    """Of every run of the burst: from when its call was sent to the commit of its end."""
    sql = """
        SELECT (t.data ->> 'sent')::float8, extract(epoch FROM pg_xact_commit_timestamp(r.xmin))::float8
        FROM recipient_runs r JOIN triggers t ON t.id = r.workflow_run_id WHERE r.tenant_id = 'burst'
    """
    return [(ended - sent) * 1000 for sent, ended in _rows(instance, sql)]


def _rows(instance: Instance, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        return connection.execute(sql).fetchall()


if __name__ == "__main__":
    asyncio.run(burst(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
