"""Whether anything slows down as data grows: usual calls on an empty instance and on a full one, in turn."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from temporalio.client import Client

from activities.reconciling.rounds import make_round
from benchmarks.cloning import load, mold_of
from benchmarks.figures import Size
from benchmarks.instance import Instance, email_step, in_app_step, running
from benchmarks.usual_calls import Call, Subjects, prepare, reads, writes
from benchmarks.waiting import until
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.reconciliation import list_environments
from models.tables.reconciliations import count_runs

TIMES = 20
WARMING = 2
MESSAGES_OF_A_RUN = 2
MESSAGES_OF_A_USER = 5
GOAL = 1.5


@dataclass(frozen=True)
class Side:
    """One of the two instances, and what is asked of it."""

    instance: Instance
    subjects: Subjects
    calls: dict[str, Call]


async def measure(size: Size) -> dict[str, Any]:
    """Medians in milliseconds and the median of the pairs' ratios, the worst first."""
    with running() as empty, running() as full:
        async with _side(empty) as few, _side(full) as many:
            started = time.monotonic()
            loaded = await _load(many, size)
            seconds = time.monotonic() - started
            table = {name: await _compared(few.calls[name], many.calls[name]) for name in few.calls}
    ranked = dict(sorted(table.items(), key=lambda one: -one[1]["ratio"]))
    print(_printed(ranked), flush=True)
    return {
        "messages": size.messages,
        "rows": loaded,
        "loading_s": round(seconds, 1),
        "times": TIMES,
        "slower_than_the_goal": [name for name, seen in ranked.items() if seen["ratio"] > GOAL],
        "calls": ranked,
    }


@asynccontextmanager
async def _side(instance: Instance) -> AsyncIterator[Side]:
    database = Database(instance.database_url, pool_size=2)
    async with httpx.AsyncClient(headers=instance.headers, timeout=120) as http:
        subjects = await prepare(instance, http)
        await database.open()
        try:
            calls = reads(subjects) | writes(subjects) | await _rounds(instance, database)
            yield Side(instance, subjects, calls)
        finally:
            await database.close()


async def _rounds(instance: Instance, database: Database) -> dict[str, Call]:
    """What the engine does by itself, again and again."""
    temporal = Temporal(client=await Client.connect(instance.temporal_address))
    async with database.connection() as connection:
        place = next(one for one in await list_environments(connection) if one["slug"] == "development")

    async def count() -> None:
        async with database.connection() as connection:
            await count_runs(connection, place["id"], datetime.now(UTC), None)

    return {
        "a round of the reconciler": lambda: make_round(database, temporal, place, datetime.now(UTC)),
        "the reconciler's account": count,
    }


async def _load(side: Side, size: Size) -> dict[str, int]:
    user, tenant = "loaded-mold", "loaded-tenant"
    side.instance.publish("loaded", in_app_step(), email_step())
    trigger = await side.subjects.trigger("loaded", user, tenant)
    await side.subjects.ask("PUT", f"/v1/users/{user}/preferences/default", {"channel_types": {"sms": False}})

    async def is_settled() -> bool:
        ((settled,),) = side.instance.rows(
            "SELECT count(*) FROM messages WHERE workflow_run_id = %s AND settled_at IS NOT NULL", trigger
        )
        return bool(settled == MESSAGES_OF_A_RUN)

    await until(is_settled)
    url = side.instance.database_url
    runs, users = size.messages // MESSAGES_OF_A_RUN, size.messages // MESSAGES_OF_A_USER
    return (await asyncio.to_thread(load, url, mold_of(url, user, tenant, trigger), runs, users)).rows


async def _compared(few: Call, many: Call) -> dict[str, float]:
    pairs = [(await _milliseconds(few), await _milliseconds(many)) for _ in range(WARMING + TIMES)][WARMING:]
    return {
        "empty_ms": round(statistics.median(one for one, _ in pairs), 2),
        "full_ms": round(statistics.median(other for _, other in pairs), 2),
        "ratio": round(statistics.median(other / one for one, other in pairs), 2),
    }


async def _milliseconds(call: Call) -> float:
    started = time.perf_counter()
    await call()
    return (time.perf_counter() - started) * 1000


def _printed(table: dict[str, dict[str, float]]) -> str:
    lines = [f"{'call':40} {'empty ms':>10} {'full ms':>10} {'ratio':>7}"]
    for name, seen in table.items():
        lines.append(f"{name:40} {seen['empty_ms']:10.2f} {seen['full_ms']:10.2f} {seen['ratio']:7.2f}")
    return "\n".join(lines)
