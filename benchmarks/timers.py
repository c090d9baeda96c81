"""How late a pause and a schedule end on an idle system on which 5,000 others are open."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg

from benchmarks.figures import spread
from benchmarks.instance import Instance, in_app_step
from benchmarks.machine import noise
from benchmarks.waiting import until

OPEN = 5_000
IN_A_TRIGGER = 1_000
"""Recipients that one call may name."""
DUE = 20
"""Pauses and schedules that are timed, one after another."""
AHEAD = timedelta(seconds=3)


def pausing(unit: str, value: int) -> dict[str, Any]:
    return {"type": "delay", "ref": "delay_1", "settings": {"delay_for": {"unit": unit, "value": value}}}


async def measure(instance: Instance, rounds: int) -> dict[str, Any]:
    """Milliseconds between the due time and the first sight of its feed item; `rounds` is not used."""
    instance.publish("sleeping", pausing("hours", 6), in_app_step())
    instance.publish("timed", pausing("seconds", 1), in_app_step())
    instance.publish("scheduled", in_app_step())
    async with httpx.AsyncClient(headers=instance.headers, timeout=120) as http:
        started = time.monotonic()
        await _open_others(instance, http)
        opened = time.monotonic() - started
        await _late_pause(instance, http, "warm")
        before = noise()
        pauses = await _one_by_one(lambda number: _late_pause(instance, http, f"timed-{number}"))
        schedules = await _one_by_one(lambda number: _late_schedule(instance, http, f"scheduled-{number}"))
    return {
        "noise": before,
        "others_open": OPEN,
        "opening_them_s": round(opened, 1),
        "pause_late_ms": spread(pauses),
        "schedule_late_ms": spread(schedules),
    }


async def _one_by_one(timed: Callable[[int], Awaitable[float]]) -> list[float]:
    return [await timed(number) for number in range(DUE)]


async def _open_others(instance: Instance, http: httpx.AsyncClient) -> None:
    url = f"{instance.url}/v1/workflows/sleeping/trigger"
    for first in range(0, OPEN, IN_A_TRIGGER):
        people = [{"id": f"sleeper-{number}"} for number in range(first, first + IN_A_TRIGGER)]
        (await http.post(url, json={"recipients": people})).raise_for_status()
    await until(lambda: _are_asleep(instance), pause_seconds=0.5)


async def _are_asleep(instance: Instance) -> bool:
    sql = "SELECT count(*) FROM recipient_runs WHERE workflow_key = 'sleeping' AND status = 'paused'"
    return bool(await asyncio.to_thread(value, instance, sql) == OPEN)


async def _late_pause(instance: Instance, http: httpx.AsyncClient, user: str) -> float:
    body = {"recipients": [{"id": user}], "data": {"number": 1}}
    (await http.post(f"{instance.url}/v1/workflows/timed/trigger", json=body)).raise_for_status()
    await until(lambda: _is_due(instance, user), pause_seconds=0.02)
    return await _sight(
        instance, http, user, await asyncio.to_thread(value, instance, _DUE.format(user=user))
    )


_DUE = """
    SELECT waiting_until FROM recipient_runs
    WHERE workflow_key = 'timed' AND recipient_id = '{user}' AND waiting_until IS NOT NULL
"""


async def _is_due(instance: Instance, user: str) -> bool:
    return await asyncio.to_thread(value, instance, _DUE.format(user=user)) is not None


async def _late_schedule(instance: Instance, http: httpx.AsyncClient, user: str) -> float:
    due = datetime.now(UTC) + AHEAD
    body = {
        "workflow": "scheduled",
        "recipients": [{"id": user}],
        "scheduled_at": due.isoformat(),
        "data": {"number": 1},
    }
    (await http.post(f"{instance.url}/v1/schedules", json=body)).raise_for_status()
    return await _sight(instance, http, user, due)


async def _sight(instance: Instance, http: httpx.AsyncClient, user: str, due: datetime) -> float:
    """Milliseconds from `due` until the user's feed has an item; less than zero would be too early."""

    async def has_item() -> bool:
        return bool((await http.get(instance.feed(user))).json()["entries"])

    left = (due - datetime.now(UTC)).total_seconds() - 0.5
    await asyncio.sleep(max(left, 0))
    await until(has_item, pause_seconds=0.005)
    return (datetime.now(UTC) - due).total_seconds() * 1000


def value(instance: Instance, sql: str) -> Any:
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        row = connection.execute(sql).fetchone()
    return None if row is None else row[0]
