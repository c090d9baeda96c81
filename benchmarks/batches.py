"""Batches: how fast one open window absorbs, one of 100,000 items closing, one of 20,000 items sliding."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import psycopg
from psycopg.types.json import Json
from temporalio.client import Client

from benchmarks import bare
from benchmarks.bare import bare_worker
from benchmarks.ceiling import AT_ONCE
from benchmarks.figures import spread
from benchmarks.instance import Instance, in_app_step
from benchmarks.machine import noise
from benchmarks.waiting import until
from models.ids import new_ksuid, new_uuid

ABSORBED = 500
"""Triggers into one open window, a round."""
COPIED, SENT = 99_000, 1_000
"""Items of the big batch: written as rows, and triggered."""
SLIDING = 20_000


def gathering(**settings: Any) -> dict[str, Any]:
    window = {"batch_window": {"unit": "hours", "value": 6}}
    return {"type": "batch", "ref": "batch_1", "settings": window | settings}


async def measure(instance: Instance, rounds: int) -> dict[str, Any]:
    """The rate at which runs are absorbed, as a ratio to bare workflows in the same minutes."""
    instance.publish("absorbing", gathering(), in_app_step())
    before = noise()
    pairs = []
    with bare_worker(instance.temporal_address):
        client = await Client.connect(instance.temporal_address)
        await bare.drive(client, 50, AT_ONCE, "warm")
        for number in range(rounds):
            absorbed = ABSORBED / await _absorb(instance, f"ada-{number}")
            pairs.append((absorbed, ABSORBED / await bare.drive(client, ABSORBED, AT_ONCE, str(number))))
    return {
        "noise": before,
        "absorbed_per_s": spread([ours for ours, _ in pairs]),
        "bare_per_s": spread([theirs for _, theirs in pairs]),
        "ratio_to_bare": spread([ours / theirs for ours, theirs in pairs]),
    }


async def measure_sliding(instance: Instance, rounds: int) -> dict[str, Any]:
    """20,000 triggers into one window that slides by two seconds with each; `rounds` is not used."""
    limit = {"batch_window_type": "sliding", "batch_window_extension_limit": {"unit": "days", "value": 1}}
    window = {"batch_window": {"unit": "seconds", "value": 2}}
    instance.publish("sliding", gathering(**window, **limit), in_app_step())
    started = time.monotonic()
    async with httpx.AsyncClient(headers=instance.headers, timeout=60) as http:
        await _trigger(instance, http, "sliding", "ada", SLIDING)
        accepted = time.monotonic() - started
        await until(lambda: _is_settled(instance, "sliding"))
        items = (await http.get(instance.feed("ada"))).json()["entries"]
    mine = [item for item in items if item["source"]["key"] == "sliding"]
    return {
        "accepted_s": round(accepted, 1),
        "items": [item["total_activities"] for item in mine],
        "total": sum(item["total_activities"] for item in mine),
        "longest_history": await _longest_history(instance, "sliding"),
    }


async def measure_big(instance: Instance, rounds: int) -> dict[str, Any]:
    """99,000 items by COPY, 1,000 by trigger, then closed by an operator; `rounds` is not used."""
    instance.publish("big", gathering(), in_app_step())
    async with httpx.AsyncClient(headers=instance.headers, timeout=60) as http:
        await _trigger(instance, http, "big", "big-ada", 1)
        (window,) = await _windows(instance, http, "big")
        copied = await asyncio.to_thread(copy_items, instance.database_url, UUID(window["id"]), COPIED)
        await _trigger(instance, http, "big", "big-ada", SENT - 1)
        await until(lambda: _is_absorbed(instance, "big"))
        started = time.monotonic()
        answer = await http.post(f"{instance.url}/v1/tocsin/batches/{window['id']}/close")
        answer.raise_for_status()
        await until(lambda: _has_items(instance, http, "big-ada"))
        seconds = time.monotonic() - started
        (item,) = (await http.get(instance.feed("big-ada"))).json()["entries"]
    return {
        "copied": copied,
        "total_activities": item["total_activities"],
        "total_actors": item["total_actors"],
        "close_to_feed_item_s": round(seconds, 2),
        "longest_history": await _longest_history(instance, "big"),
    }


def copy_items(database_url: str, window_id: UUID, count: int) -> int:
    """Triggers, absorbed runs and members of a window, as if so many triggers had been accepted."""
    now = datetime.now(UTC)
    with psycopg.connect(database_url) as connection:
        opener = connection.execute(
            """
            SELECT r.environment_id, r.workflow_key, r.workflow_version_id, r.recipient_id, w.owner_run_id
            FROM batch_windows w JOIN recipient_runs r ON r.id = w.owner_run_id WHERE w.id = %s
            """,
            (window_id,),
        ).fetchone()
        assert opener is not None  # the window was listed
        first = connection.execute("SELECT nextval('acceptance')").fetchone()
        assert first is not None
        numbers = range(int(first[0]), int(first[0]) + count)
        connection.execute("SELECT setval('acceptance', %s)", (numbers[-1],))
        ids = [(number, new_uuid(), new_uuid()) for number in numbers]
        cursor = connection.cursor()
        with cursor.copy(_TRIGGERS) as copy:
            for number, trigger, _ in ids:
                data = Json({"number": number})
                copy.write_row((trigger, *opener[:3], number, "api", data, "[]", "{}", "copied", now, now))
        with cursor.copy(_RUNS) as copy:
            for row in _runs(ids, opener, now):
                copy.write_row(row)
        with cursor.copy(
            "COPY batch_members (window_id, acceptance, recipient_run_id, joined_at) FROM STDIN"
        ) as copy:
            for number, _, run in ids:
                copy.write_row((window_id, number, run, now))
        connection.execute(
            "UPDATE batch_windows SET member_count = member_count + %s WHERE id = %s", (count, window_id)
        )
    return count


def _runs(
    ids: list[tuple[int, UUID, UUID]], opener: tuple[Any, ...], now: datetime
) -> Iterator[tuple[Any, ...]]:
    for number, trigger, run in ids:
        actor = f"actor-{number % 1000}"
        yield (
            run, opener[0], trigger, *opener[1:3], "$users", opener[3], "$users", actor, number, "api",
            new_ksuid(), "completed", "absorbed", 0, 0, now, now, now,
        )  # fmt: skip


_TRIGGERS = """
    COPY triggers (id, environment_id, workflow_key, workflow_version_id, acceptance, source, data,
                   recipients, settings, request_id, inserted_at, answered_at) FROM STDIN
"""
_RUNS = """
    COPY recipient_runs (id, environment_id, workflow_run_id, workflow_key, workflow_version_id,
                         recipient_collection, recipient_id, actor_collection, actor_id, acceptance,
                         trigger_source, activity_id, status, outcome, error_count, incarnation, inserted_at,
                         updated_at, finished_at) FROM STDIN
"""


async def _absorb(instance: Instance, user: str) -> float:
    """Seconds until 1,000 triggers were accepted and absorbed by the window that another one opened."""
    async with httpx.AsyncClient(headers=instance.headers, timeout=60) as http:
        await _trigger(instance, http, "absorbing", user, 1)
        await until(lambda: _is_absorbed(instance, "absorbing"))
        started = time.monotonic()
        await _trigger(instance, http, "absorbing", user, ABSORBED)
        await until(lambda: _is_absorbed(instance, "absorbing"))
    return time.monotonic() - started


async def _trigger(instance: Instance, http: httpx.AsyncClient, key: str, user: str, count: int) -> None:
    slots = asyncio.Semaphore(AT_ONCE)
    url = f"{instance.url}/v1/workflows/{key}/trigger"

    async def one(number: int) -> None:
        async with slots:
            body = {"recipients": [user if number else {"id": user}], "data": {"number": number}}
            (await http.post(url, json=body)).raise_for_status()

    await one(0)
    await asyncio.gather(*(one(number) for number in range(1, count)))


async def _windows(instance: Instance, http: httpx.AsyncClient, key: str) -> list[dict[str, Any]]:
    url = f"{instance.url}/v1/tocsin/batches"
    await until(lambda: _any(http, url, key))
    found: list[dict[str, Any]] = (await http.get(url, params={"workflow": key})).json()["items"]
    return found


async def _any(http: httpx.AsyncClient, url: str, key: str) -> bool:
    return bool((await http.get(url, params={"workflow": key})).json()["items"])


async def _has_items(instance: Instance, http: httpx.AsyncClient, user: str) -> bool:
    return bool((await http.get(instance.feed(user))).json()["entries"])


async def _is_absorbed(instance: Instance, key: str) -> bool:
    """No run of the workflow is at work: whoever is not absorbed holds a window."""
    return await asyncio.to_thread(_count, instance, key, "status IN ('queued', 'processing')") == 0


async def _is_settled(instance: Instance, key: str) -> bool:
    return await asyncio.to_thread(_count, instance, key, "finished_at IS NULL") == 0


def _count(instance: Instance, key: str, which: str) -> int:
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        row = connection.execute(
            f"SELECT count(*) FROM recipient_runs WHERE workflow_key = %s AND {which}", (key,)
        ).fetchone()
    return 0 if row is None else int(row[0])


async def _longest_history(instance: Instance, key: str) -> int:
    """Events of the longest history among the workflow's runs that went on after a batch."""
    client = await Client.connect(instance.temporal_address)
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT DISTINCT owner_run_id FROM batch_windows WHERE workflow_key = %s", (key,)
        ).fetchall()
    owners = {str(row[0]) for row in rows}
    longest = 0
    for owner in owners:
        async for found in client.list_workflows(f"WorkflowId STARTS_WITH 'development/{key}/'"):
            if owner in found.id:
                history = await client.get_workflow_handle(found.id, run_id=found.run_id).fetch_history()
                longest = max(longest, len(history.events))
    return longest
