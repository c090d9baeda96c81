"""The load, as a process of its own: triggers at a steady rate, and what is heard of them in the ledger.

`python -m tests.faults.chaos.load '{"url": ..., "ledger": ..., "seed": 1, "rate": 20, "seconds": 60}'`
"""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import httpx

from models.values.development import SECRET_KEY
from tests.faults.chaos.ledger import Ledger
from tests.faults.chaos.mix import WEIGHTS, Wanted, wanted

SDK_SECONDS = 60.0
"""How long Knock's SDKs wait for an answer."""
MOST_POOLS = 20
CALLS_OF_A_POOL = 100
"""A pool looks at all its connections at each call, which with thousands would take longer than the call."""


@dataclass(frozen=True)
class Plan:
    """How much, for how long. Numbers begin at `first`. Without `insists` a refusal is not tried again."""

    url: str
    ledger: str
    seed: int
    rate: float
    seconds: float
    first: int = 0
    insists: bool = True
    patience: float = 240
    """Seconds until a trigger that is never answered is given up."""
    timeout: float = SDK_SECONDS
    """Seconds until a call's caller hangs up. Where SDKs would still wait, nobody else is to blame."""
    at_once: int = 500
    """Calls on their way at a time."""
    weights: dict[str, int] = field(default_factory=lambda: WEIGHTS)
    """How often each workflow is triggered, among so many."""
    tenant: str | None = None


@dataclass(frozen=True)
class Caller:
    """Sends triggers and their cancels, again under the same key until they are answered."""

    plan: Plan
    ledger: Ledger
    https: Sequence[httpx.AsyncClient]
    slots: asyncio.Semaphore

    async def trigger(self, one: Wanted) -> None:
        async with self.slots:
            self.ledger.write("ask", **one.line())
            answer = await self._call(one.n, f"/v1/workflows/{one.kind}/trigger", one.body, f"n-{one.n}")
            if answer is None:
                return
            self.ledger.write("accepted", n=one.n, run=answer.json()["workflow_run_id"])
        if one.cancel_after is not None:
            await asyncio.sleep(one.cancel_after)
            async with self.slots:
                await self._cancel(one)

    def _http(self, n: int) -> httpx.AsyncClient:
        return self.https[n % len(self.https)]

    async def _cancel(self, one: Wanted) -> None:
        path = f"/v1/workflows/{one.kind}/cancel"
        if await self._call(one.n, path, {"cancellation_key": f"stop-{one.n}"}, f"stop-{one.n}"):
            self.ledger.write("stopped", n=one.n)

    async def _call(self, n: int, path: str, body: dict[str, Any], key: str) -> httpx.Response | None:
        """The answer of success; None when patience ended, or when a refusal is taken for an answer."""
        headers = {"authorization": f"Bearer {SECRET_KEY}", "idempotency-key": f"{self.plan.seed}-{key}"}
        chance = Random(f"{self.plan.seed} {key}")
        deadline = time.monotonic() + self.plan.patience
        while time.monotonic() < deadline:
            started, hung_up = time.monotonic(), False
            try:
                answer = await self._http(n).post(self.plan.url + path, json=body, headers=headers)
                status, wait = answer.status_code, answer.headers.get("retry-after")
                if answer.is_success:
                    return answer
                text = answer.text[:200]
            except httpx.HTTPError as error:
                status, wait, text = 0, None, type(error).__name__
                hung_up = isinstance(error, httpx.TimeoutException) and self.plan.timeout < SDK_SECONDS
            took = round(time.monotonic() - started, 3)
            say = "hung_up" if hung_up else "answer"
            self.ledger.write(say, n=n, status=status, retry_after=wait, took=took, text=text)
            if not self.plan.insists or status not in (0, 409, 429, 500, 502, 503, 504):
                return None
            await asyncio.sleep(float(wait or 0.3) * chance.uniform(0.5, 1.5))
        return None


async def run(plan: Plan) -> None:
    """Starts each trigger at its moment, whatever became of those before, and ends when all are answered.

    Told to stop (SIGTERM) it starts none any more.
    """
    ledger = Ledger(Path(plan.ledger))
    enough = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, enough.set)
    limits = httpx.Limits(max_connections=plan.at_once, max_keepalive_connections=50)
    timeout = httpx.Timeout(plan.timeout, pool=None)
    pools = min(MOST_POOLS, 1 + plan.at_once // CALLS_OF_A_POOL)
    started = time.monotonic()
    async with AsyncExitStack() as stack:
        https = [
            await stack.enter_async_context(httpx.AsyncClient(timeout=timeout, limits=limits))
            for _ in range(pools)
        ]
        caller = Caller(plan, ledger, https, asyncio.Semaphore(plan.at_once))
        async with asyncio.TaskGroup() as calls:
            for number in range(round(plan.seconds * plan.rate)):
                await asyncio.sleep(started + number / plan.rate - time.monotonic())
                if enough.is_set():
                    break
                one = wanted(plan.seed, plan.first + number, plan.weights)
                calls.create_task(caller.trigger(replace(one, tenant=plan.tenant)))
    await ledger.close()


if __name__ == "__main__":
    asyncio.run(run(Plan(**json.loads(sys.argv[1]))))
