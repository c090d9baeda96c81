"""Load on a schedule: triggers leave when they are due, whatever became of those before (no omission)."""

import asyncio
import time
from dataclasses import dataclass, field

import httpx

from benchmarks.instance import Instance
from benchmarks.waiting import until

HEAD_START_SECONDS = 0.2
_UNBOUNDED = httpx.Limits(max_connections=None, max_keepalive_connections=None)
READABLE = """
    SELECT user_id, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8
    FROM feed_items WHERE workflow_key = %s AND user_id LIKE %s
"""
"""When each item's commit made it readable."""


@dataclass
class Sent:
    """When each recipient's trigger was due and answered, in seconds since 1970; how many were refused."""

    due: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    refused: int = 0

    def late_ms(self, seen: dict[str, float]) -> list[float]:
        """From the moment each was due."""
        return [(seen[who] - self.due[who]) * 1000 for who in self.answered if who in seen]

    def until(self, moment: float) -> "Sent":
        """Only those that were due by then."""
        due = {who: at for who, at in self.due.items() if at <= moment}
        return Sent(due, {who: at for who, at in self.answered.items() if who in due}, self.refused)


async def send(
    instance: Instance,
    key: str,
    label: str,
    rate: float,
    seconds: float,
    *,
    stop: asyncio.Event | None = None,
) -> Sent:
    """So many triggers a second for so long, or until stopped; returns when all are answered.

    Each has a recipient of its own.
    """
    sent = Sent()
    async with (
        httpx.AsyncClient(headers=instance.headers, timeout=120, limits=_UNBOUNDED) as http,
        asyncio.TaskGroup() as group,
    ):
        first = time.time() + HEAD_START_SECONDS
        for number in range(max(int(rate * seconds), 1)):
            who = f"{label}-{number}"
            sent.due[who] = first + number / rate
            await asyncio.sleep(max(sent.due[who] - time.time(), 0))
            if stop is not None and stop.is_set():
                break
            group.create_task(_one(http, f"{instance.url}/v1/workflows/{key}/trigger", who, sent))
    return sent


async def _one(http: httpx.AsyncClient, url: str, who: str, sent: Sent) -> None:
    person = {"id": who, "email": f"{who}@example.com"}
    answer = await http.post(url, json={"recipients": [person], "data": {"number": 1}})
    if answer.is_success:
        sent.answered[who] = time.time()
    else:
        sent.refused += 1


async def readable(
    instance: Instance, key: str, label: str, sent: Sent, so_far: dict[str, float] | None = None
) -> dict[str, float]:
    """When each accepted trigger's item could be read, once all can; `so_far` is filled meanwhile."""
    found = {} if so_far is None else so_far

    async def are_there() -> bool:
        found.update(dict(await asyncio.to_thread(instance.rows, READABLE, key, f"{label}-%")))
        return sent.answered.keys() <= found.keys()

    # Seldom: the rows tell when they were committed, and asking takes time from what is measured.
    await until(are_there, pause_seconds=1)
    return found
