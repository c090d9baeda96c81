"""Whether anything slows down as data grows: each usual call with an empty database and with a full one."""

import asyncio
import statistics
import time
from datetime import UTC, datetime
from typing import Any

import httpx
from temporalio.client import Client

from activities.reconciling.rounds import make_round
from benchmarks.cloning import load, mold_of
from benchmarks.figures import Size
from benchmarks.instance import Instance, email_step, in_app_step
from benchmarks.usual_calls import Call, Subjects, milliseconds, prepare, reads, writes
from benchmarks.waiting import until
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.reconciliation import list_environments
from models.tables.reconciliations import count_runs

TIMES = 20
MESSAGES_OF_A_RUN = 2
MESSAGES_OF_A_USER = 5
GOAL = 1.5


async def measure(instance: Instance, size: Size) -> dict[str, Any]:
    """Medians in milliseconds before and after, and their ratio, the worst first."""
    runs = size.messages // MESSAGES_OF_A_RUN
    users = size.messages // MESSAGES_OF_A_USER
    database = Database(instance.database_url, pool_size=2)
    async with httpx.AsyncClient(headers=instance.headers, timeout=120) as http:
        subjects = await prepare(instance, http)
        await database.open()
        try:
            calls = reads(subjects) | writes(subjects) | await _rounds(instance, database)
            before = await _medians(calls)
            started = time.monotonic()
            loaded = await _load(instance, subjects, runs, users)
            seconds = time.monotonic() - started
            after = await _medians(calls)
        finally:
            await database.close()
    table = {
        name: {
            "before_ms": before[name],
            "after_ms": after[name],
            "ratio": round(after[name] / before[name], 2),
        }
        for name in calls
    }
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


async def _load(instance: Instance, subjects: Subjects, runs: int, users: int) -> dict[str, int]:
    user, tenant = "loaded-mold", "loaded-tenant"
    instance.publish("loaded", in_app_step(), email_step())
    trigger = await subjects.trigger("loaded", user, tenant)
    await subjects.ask("PUT", f"/v1/users/{user}/preferences/default", {"channel_types": {"sms": False}})

    async def is_settled() -> bool:
        ((settled,),) = instance.rows(
            "SELECT count(*) FROM messages WHERE workflow_run_id = %s AND settled_at IS NOT NULL", trigger
        )
        return bool(settled == MESSAGES_OF_A_RUN)

    await until(is_settled)
    mold = mold_of(instance.database_url, user, tenant, trigger)
    return (await asyncio.to_thread(load, instance.database_url, mold, runs, users)).rows


async def _rounds(instance: Instance, database: Database) -> dict[str, Call]:
    """What the engine does by itself, again and again."""
    client = await Client.connect(instance.temporal_address)
    temporal = Temporal(client=client)
    async with database.connection() as connection:
        place = next(one for one in await list_environments(connection) if one["slug"] == "development")

    async def count() -> None:
        async with database.connection() as connection:
            await count_runs(connection, place["id"], datetime.now(UTC), None)

    return {
        "a round of the reconciler": lambda: make_round(database, temporal, place, datetime.now(UTC)),
        "the reconciler's account": count,
    }


async def _medians(calls: dict[str, Call]) -> dict[str, float]:
    return {name: statistics.median(await milliseconds(call, TIMES)) for name, call in calls.items()}


def _printed(table: dict[str, dict[str, float]]) -> str:
    lines = [f"{'call':40} {'before ms':>10} {'after ms':>10} {'ratio':>7}"]
    for name, seen in table.items():
        lines.append(f"{name:40} {seen['before_ms']:10.2f} {seen['after_ms']:10.2f} {seen['ratio']:7.2f}")
    return "\n".join(lines)
