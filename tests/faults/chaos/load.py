"""The load, as a process of its own: triggers at a steady rate, and what is heard of them in the ledger.

`python -m tests.faults.chaos.load '{"url": ..., "ledger": ..., "seed": 1, "rate": 20, "seconds": 60}'`
"""

import asyncio
import json
import signal
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import uvloop

from models.values.development import SECRET_KEY
from tests.faults.chaos.ledger import Ledger
from tests.faults.chaos.mix import WEIGHTS, Wanted, wanted

SDK_SECONDS = 60.0
"""How long Knock's SDKs wait for an answer."""


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
    """Seconds from a call's beginning until its caller hangs up. Where SDKs would still wait, nobody else is
    to blame."""
    at_once: int = 500
    """Calls on their way at a time."""
    weights: dict[str, float] = field(default_factory=lambda: WEIGHTS)
    """How often each workflow is triggered, among so many."""
    tenant: str | None = None
    begins_at: float = 0
    """Seconds since 1970: a process takes a while to start, and a part of the processors for it."""


@dataclass(frozen=True)
class Caller:
    """Sends triggers and their cancels, again under the same key until they are answered."""

    plan: Plan
    ledger: Ledger
    http: aiohttp.ClientSession
    slots: asyncio.Semaphore

    async def trigger(self, one: Wanted) -> None:
        async with self.slots:
            self.ledger.write("ask", **one.line())
            answer = await self._call(one.n, f"/v1/workflows/{one.kind}/trigger", one.body, f"n-{one.n}")
            if answer is None:
                return
            self.ledger.write("accepted", n=one.n, run=json.loads(answer)["workflow_run_id"])
        if one.cancel_after is not None:
            await asyncio.sleep(one.cancel_after)
            async with self.slots:
                await self._cancel(one)

    async def _cancel(self, one: Wanted) -> None:
        path = f"/v1/workflows/{one.kind}/cancel"
        answer = await self._call(one.n, path, {"cancellation_key": f"stop-{one.n}"}, f"stop-{one.n}")
        if answer is not None:
            self.ledger.write("stopped", n=one.n)

    async def _call(self, n: int, path: str, body: dict[str, Any], key: str) -> bytes | None:
        """The body of success; None when patience ended, or when a refusal is taken for an answer."""
        headers = {"authorization": f"Bearer {SECRET_KEY}", "idempotency-key": f"{self.plan.seed}-{key}"}
        chance = Random(f"{self.plan.seed} {key}")
        deadline = time.monotonic() + self.plan.patience
        while time.monotonic() < deadline:
            started, hung_up = time.monotonic(), False
            try:
                async with self.http.post(self.plan.url + path, json=body, headers=headers) as answer:
                    content = await answer.read()
                if answer.ok:
                    return content
                status, wait = answer.status, answer.headers.get("retry-after")
                text = content[:200].decode(errors="replace")
            except (aiohttp.ClientError, TimeoutError) as error:
                status, wait, text = 0, None, type(error).__name__
                hung_up = isinstance(error, TimeoutError) and self.plan.timeout < SDK_SECONDS
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
    # A call waits for its slot, not for a connection: there are as many.
    connector = aiohttp.TCPConnector(limit=plan.at_once)
    timeout = aiohttp.ClientTimeout(total=plan.timeout)
    await asyncio.sleep(max(plan.begins_at - time.time(), 0))
    started = time.monotonic()
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        caller = Caller(plan, ledger, http, asyncio.Semaphore(plan.at_once))
        async with asyncio.TaskGroup() as calls:
            for number in range(round(plan.seconds * plan.rate)):
                await asyncio.sleep(started + number / plan.rate - time.monotonic())
                if enough.is_set():
                    break
                one = wanted(plan.seed, plan.first + number, plan.weights)
                calls.create_task(caller.trigger(replace(one, tenant=plan.tenant)))
    await ledger.close()


if __name__ == "__main__":
    uvloop.run(run(Plan(**json.loads(sys.argv[1]))))
