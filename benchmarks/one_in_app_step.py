"""A run with one in-app step: CPU by process, rate, history events and SQL, beside a bare workflow's."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
from temporalio.client import Client

from benchmarks import bare
from benchmarks.bare import bare_worker
from benchmarks.figures import spread
from benchmarks.instance import Instance, in_app_step
from benchmarks.machine import noise
from benchmarks.waiting import until

RUNS = 300
AT_ONCE = 20
COUNTED = ("temporal", "worker", "api", "postgres")


@dataclass(frozen=True)
class Round:
    """One paired round: ours, then bare."""

    ours_ms: dict[str, float]
    ours_rate: float
    statements: float
    bare_ms: dict[str, float]
    bare_rate: float


async def measure(instance: Instance, rounds: int) -> dict[str, Any]:
    """Rounds of both, interleaved; medians with the lowest and the highest."""
    instance.publish("one-in-app-step", in_app_step())
    with bare_worker(instance.temporal_address) as worker:
        client = await Client.connect(instance.temporal_address)
        await bare.drive(client, 50, AT_ONCE, "warm")
        await _drive(instance, 50, "warm")
        before = noise()
        measured = [await _round(instance, client, worker, number) for number in range(rounds)]
    return {"noise": before, **_figures(measured), "history_events": await _events(instance, client)}


async def _round(instance: Instance, client: Client, worker: psutil.Process, number: int) -> Round:
    cpu, statements = instance.cpu_seconds(), instance.statements()
    seconds = await _drive(instance, RUNS, f"round-{number}")
    spent, asked = instance.cpu_seconds(), instance.statements() - statements
    ours = {role: (spent[role] - cpu[role]) * 1000 / RUNS for role in COUNTED}
    own = psutil.Process()
    cpu_bare = _bare_cpu(instance, worker, own)
    bare_seconds = await bare.drive(client, RUNS, AT_ONCE, str(number))
    spent_bare = _bare_cpu(instance, worker, own)
    bare_ms = {part: (spent_bare[part] - cpu_bare[part]) * 1000 / RUNS for part in cpu_bare}
    return Round(ours, RUNS / seconds, asked / RUNS, bare_ms, RUNS / bare_seconds)


def _bare_cpu(instance: Instance, worker: psutil.Process, driver: psutil.Process) -> dict[str, float]:
    parts = {"temporal": instance.processes()["temporal"][0], "worker": worker, "driver": driver}
    return {name: part.cpu_times().user + part.cpu_times().system for name, part in parts.items()}


async def _drive(instance: Instance, count: int, label: str) -> float:
    """Seconds until `count` triggers are accepted and their runs finished."""
    slots = asyncio.Semaphore(AT_ONCE)
    url = f"{instance.url}/v1/workflows/one-in-app-step/trigger"
    async with httpx.AsyncClient(headers=instance.headers, timeout=60) as http:

        async def one(number: int) -> None:
            body = {"recipients": [{"id": f"{label}-{number}"}], "data": {"number": number}}
            async with slots:
                (await http.post(url, json=body)).raise_for_status()

        started = time.monotonic()
        await asyncio.gather(*(one(number) for number in range(count)))
        open_runs = f"{instance.url}/v1/workflow_recipient_runs"
        query = "workflow=one-in-app-step&status[]=queued&status[]=processing&page_size=1"
        await until(lambda: _is_empty(http, f"{open_runs}?{query}"), pause_seconds=0.2)
    return time.monotonic() - started


async def _is_empty(http: httpx.AsyncClient, url: str) -> bool:
    return not (await http.get(url)).json()["items"]


async def _events(instance: Instance, client: Client) -> dict[str, float]:
    """Of the newest runs; more than eight mean that a workflow task was lost or split."""
    counted = []
    async for found in client.list_workflows("TocsinWorkflow = 'one-in-app-step'", page_size=50, limit=50):
        history = await client.get_workflow_handle(found.id, run_id=found.run_id).fetch_history()
        counted.append(float(len(history.events)))
    return spread(counted)


def _figures(measured: list[Round]) -> dict[str, Any]:
    totals = [sum(one.ours_ms.values()) for one in measured]
    bare_totals = [sum(one.bare_ms.values()) for one in measured]
    return {
        "rounds": len(measured),
        "runs_a_round": RUNS,
        "cpu_ms_per_run": spread(totals),
        "cpu_ms_by_process": {role: spread([one.ours_ms[role] for one in measured]) for role in COUNTED},
        "bare_cpu_ms_per_run": spread(bare_totals),
        "bare_cpu_ms_by_process": {
            part: spread([one.bare_ms[part] for one in measured]) for part in measured[0].bare_ms
        },
        "cpu_ratio_to_bare": spread(
            [ours / bare_total for ours, bare_total in zip(totals, bare_totals, strict=True)]
        ),
        "runs_per_s": spread([one.ours_rate for one in measured]),
        "bare_runs_per_s": spread([one.bare_rate for one in measured]),
        "ratio_to_ceiling": spread([one.ours_rate / one.bare_rate for one in measured]),
        "sql_statements": spread([one.statements for one in measured]),
    }
