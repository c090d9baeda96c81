"""Runs of several shapes, beside bare workflows that do what their histories tell: CPU, rate, bytes."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from temporalio.client import Client

from benchmarks.bare import LOCAL, NORMAL, PAUSE, Plan
from benchmarks.ceiling import AT_ONCE, Ceiling, Paid, ceiling_of
from benchmarks.figures import Size, spread
from benchmarks.histories import Bill, bill, newest, plan_of
from benchmarks.instance import Instance, email_step, in_app_step
from benchmarks.waiting import until

COUNTED = ("temporal", "worker", "api", "postgres")
SAMPLE = 60
"""Histories that tell what a shape's runs do: three windows of the batches."""
GATHERED = 20
WINDOW_SECONDS = 5
IN_A_CALL = 100
"""Subscribers that one call may add."""


@dataclass(frozen=True)
class Shape:
    """A workflow, and how a number of runs of it is asked for.

    `pause_seconds` is how long a run of it sleeps that is not absorbed; that is taken off its end.
    """

    key: str
    steps: list[dict[str, object]]
    pause_seconds: float = 0
    triggers_each: int = 1
    crowd: int = 0
    """Subscribers of the object that is triggered instead of single recipients."""

    def count(self, size: Size) -> int:
        """Recipient runs in a round: whole windows, whole crowds."""
        return self.crowd or max(size.runs // self.triggers_each, 1) * self.triggers_each

    def bodies(self, count: int, label: str) -> Iterable[dict[str, Any]]:
        if self.crowd:
            yield {"recipients": [{"collection": "crowds", "id": f"{self.crowd}"}], "data": {"number": 1}}
            return
        for number in range(count):
            who = f"{label}-{number // self.triggers_each}"
            person = {"id": who, "email": f"{who}@example.com"}
            yield {"recipients": [person], "data": {"number": number}}


def shapes(size: Size) -> list[Shape]:
    second = {"delay_for": {"unit": "seconds", "value": 1}}
    pause: dict[str, object] = {"type": "delay", "ref": "delay_1", "settings": second}
    window = {"batch_window": {"unit": "seconds", "value": WINDOW_SECONDS}}
    gather: dict[str, object] = {"type": "batch", "ref": "batch_1", "settings": window}
    crowds = [1_000, 10_000] if size.is_long else [min(1_000, 10 * size.runs)]
    return [
        Shape("one-in-app", [in_app_step()]),
        Shape("in-app-and-mail", [in_app_step(), email_step()]),
        Shape("delay-1s", [pause, in_app_step()], pause_seconds=1),
        Shape(
            f"batch-of-{GATHERED}",
            [gather, in_app_step()],
            pause_seconds=WINDOW_SECONDS,
            triggers_each=GATHERED,
        ),
        *(Shape(f"fan-out-{crowd}", [in_app_step()], crowd=crowd) for crowd in crowds),
    ]


@dataclass(frozen=True)
class Pair:
    """One round: ours, then bare."""

    ours: Paid
    bare: Paid
    written: float
    statements: float


@dataclass
class Seen:
    """What was seen of one shape."""

    runs: int
    plans: list[Plan] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)


async def measure(instance: Instance, size: Size) -> dict[str, Any]:
    """Each shape's rounds with bare ones between; the first of each warms up and tells what its runs do."""
    figures = {}
    async with (
        ceiling_of(instance) as ceiling,
        httpx.AsyncClient(headers=instance.headers, timeout=120) as http,
    ):
        for shape in shapes(size):
            figures[shape.key] = _figures(await _seen(instance, http, ceiling, shape, size))
    return figures


async def _seen(
    instance: Instance, http: httpx.AsyncClient, ceiling: Ceiling, shape: Shape, size: Size
) -> Seen:
    instance.publish(shape.key, *shape.steps)
    # A crowd takes half a minute on a slow machine; a smaller one warms up as well.
    first = replace(shape, crowd=-(-shape.crowd // 5))
    for crowd in {shape.crowd, first.crowd} - {0}:
        await subscribe(instance, http, crowd)
    seen = Seen(runs=shape.count(size))
    warm = first.crowd or min(seen.runs, SAMPLE)
    await paid(instance, http, first, warm, "warm")
    client = await Client.connect(instance.temporal_address)
    for handle, history in await newest(client, shape.key, min(warm, SAMPLE)):
        seen.plans.append(plan_of(history))
        seen.bills.append(await bill(client, handle, history))
    for number in range(size.rounds):
        written, statements = instance.written_bytes(), instance.statements()
        ours = await paid(instance, http, shape, seen.runs, f"{shape.key}-{number}")
        written, statements = instance.written_bytes() - written, instance.statements() - statements
        theirs = await ceiling.paid(seen.runs, f"{shape.key}-{number}", seen.plans)
        seen.pairs.append(Pair(ours, theirs, written / seen.runs, statements / seen.runs))
    return seen


async def paid(instance: Instance, http: httpx.AsyncClient, shape: Shape, count: int, label: str) -> Paid:
    """What it takes until so many runs are finished, from the first trigger to the last commit."""
    before, wanted = instance.cpu_seconds(), finished(instance, shape) + count + bool(shape.crowd)
    started = time.time()
    await trigger_all(instance, http, shape.key, shape.bodies(count, label))

    async def is_done() -> bool:
        return finished(instance, shape) >= wanted

    # Rarely, as asking costs Postgres milliseconds; the rows themselves tell when the last run ended.
    await until(is_done, pause_seconds=1)
    spent = instance.cpu_seconds()
    seconds = last_end(instance, shape) - started
    return Paid({role: (spent[role] - before[role]) * 1000 / count for role in COUNTED}, count / seconds)


def finished(instance: Instance, shape: Shape) -> int:
    """Recipient runs that ended; an object that fans out is one too."""
    sql = "SELECT count(*) FROM recipient_runs WHERE workflow_key = %s AND finished_at IS NOT NULL"
    ((count,),) = instance.rows(sql, shape.key)
    return int(count)


def last_end(instance: Instance, shape: Shape) -> float:
    """When the last run's end was committed, less what it slept (the absorbed do not sleep).

    `finished_at` is earlier: the moment at which the run's last task began. Nothing that a benchmark asks for
    writes to the row of a run that has ended, so the row's last commit is that of its end.
    """
    sql = """
        SELECT max(
            extract(epoch FROM pg_xact_commit_timestamp(xmin))
            - CASE WHEN outcome = 'absorbed' THEN 0 ELSE %s END
        )::float8
        FROM recipient_runs WHERE workflow_key = %s AND finished_at IS NOT NULL
    """
    ((last,),) = instance.rows(sql, shape.pause_seconds, shape.key)
    return float(last)


async def trigger_all(
    instance: Instance, http: httpx.AsyncClient, key: str, bodies: Iterable[dict[str, Any]]
) -> None:
    """So many triggers at a time, in this order."""
    slots = asyncio.Semaphore(AT_ONCE)
    url = f"{instance.url}/v1/workflows/{key}/trigger"

    async def one(body: dict[str, Any]) -> None:
        async with slots:
            (await http.post(url, json=body)).raise_for_status()

    await asyncio.gather(*map(one, bodies))


async def subscribe(instance: Instance, http: httpx.AsyncClient, crowd: int) -> None:
    """An object with so many subscribers."""
    object_url = f"{instance.url}/v1/objects/crowds/{crowd}"
    (await http.put(object_url, json={})).raise_for_status()
    for first in range(0, crowd, IN_A_CALL):
        people = [{"id": f"subscriber-{number}"} for number in range(first, min(first + IN_A_CALL, crowd))]
        (await http.post(f"{object_url}/subscriptions", json={"recipients": people})).raise_for_status()


def _figures(seen: Seen) -> dict[str, Any]:
    pairs = seen.pairs
    return {
        "rounds": len(pairs),
        "runs_a_round": seen.runs,
        "cpu_ms_per_run": spread([pair.ours.ms_in_all for pair in pairs]),
        "cpu_ms_by_process": {role: spread([pair.ours.ms[role] for pair in pairs]) for role in COUNTED},
        "runs_per_s": spread([pair.ours.rate for pair in pairs]),
        "bare_cpu_ms_per_run": spread([pair.bare.ms_in_all for pair in pairs]),
        "bare_cpu_ms_by_process": {
            part: spread([pair.bare.ms[part] for pair in pairs]) for part in pairs[0].bare.ms
        },
        "bare_runs_per_s": spread([pair.bare.rate for pair in pairs]),
        "ratio_to_same_activities": spread([pair.ours.rate / pair.bare.rate for pair in pairs]),
        "cpu_ratio_to_same_activities": spread([pair.ours.ms_in_all / pair.bare.ms_in_all for pair in pairs]),
        "activities": _activities(seen.plans),
        "sql_statements": spread([pair.statements for pair in pairs]),
        "wal_bytes": spread([pair.written for pair in pairs]),
        "history_bytes": spread([one.history_bytes for one in seen.bills]),
        "history_events": spread([one.events for one in seen.bills]),
        "state_transitions": spread([one.state_transitions for one in seen.bills]),
        "cloud_actions": spread([one.actions for one in seen.bills]),
    }


def _activities(plans: list[Plan]) -> dict[str, float]:
    """Of each run on average, as the bare ones have them."""
    kinds = {"local": LOCAL, "normal": NORMAL, "timers": PAUSE}
    return {
        name: round(sum(act.startswith(kind) for plan in plans for act in plan) / len(plans), 2)
        for name, kind in kinds.items()
    }
