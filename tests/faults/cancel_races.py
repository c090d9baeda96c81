"""The trial of cancel races: each trigger is cancelled through another API process, within 50 ms.

`python -m tests.faults.cancel_races [PAIRS]` runs the long form (10,000 pairs); the test runs a short one.
"""

import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from models.values.development import SECRET_KEY
from tests.builders import batch_step, delay_step, in_app_step, workflow
from tests.faults.race_verdict import RaceVerdict, Unscheduled, judge
from tests.faults.stack import Stack
from tests.faults.trial import settled
from workflows_engine.send_windows import WEEKDAYS

PEOPLE = 200
TEAMS = {"small": 4, "crowd": 24}
"""Subscribers of each; more runs than a request signals itself make a workflow carry the cancel."""
LONGEST_GAP = 0.05
AT_ONCE = 16
"""Pairs on their way at a time: more only queue in the API and stretch the gaps."""
PAUSE_SECONDS = 2
TRIES = 50
PATIENCE_SECONDS = 60
"""How long nothing may move; a busy worker may be minutes behind."""


def closed_window() -> list[dict[str, Any]]:
    """An hour a day, the next of which opens in about half a day."""
    start = (datetime.now(UTC) + timedelta(hours=12)).hour
    hours = {"from": f"{start:02}:00"} | ({"until": f"{start + 1:02}:00"} if start < 23 else {})
    return [{"day": day, "type": "send", **hours} for day in WEEKDAYS]


def write_project(folder: Path) -> Path:
    """A workflow for each way to pause; `ending` is cancelled when its pause is about to end."""
    delayed = workflow(delay_step(unit="seconds", value=PAUSE_SECONDS), in_app_step())
    workflows = {
        "delay": delayed,
        "fan_out": delayed,
        "ending": workflow(delay_step(unit="seconds", value=1), in_app_step()),
        "batch": workflow(batch_step(seconds=PAUSE_SECONDS, key="data.room"), in_app_step()),
        "send_window": workflow(in_app_step(send_windows=closed_window())),
        "schedule": workflow(in_app_step()),
    }
    for key, content in workflows.items():
        place = folder / "workflows" / key
        place.mkdir(parents=True)
        (place / "workflow.json").write_text(json.dumps(content))
    return folder


@dataclass(frozen=True)
class Doors:
    """Both API processes. What one of them is told, the other one is told to cancel."""

    http: httpx.AsyncClient
    urls: tuple[str, str]
    chance: random.Random
    slots: asyncio.Semaphore

    def pair(self) -> tuple[str, str]:
        first, second = self.urls
        return (first, second) if self.chance.random() < 0.5 else (second, first)

    def gap(self) -> float:
        return self.chance.uniform(0, LONGEST_GAP)

    def person(self) -> str:
        return f"person-{self.chance.randrange(PEOPLE)}"

    async def call(self, method: str, url: str, body: dict[str, Any]) -> Any:
        """The answer of success; 503 is tried again under the same key, as Knock's SDKs do."""
        headers = {"authorization": f"Bearer {SECRET_KEY}", "idempotency-key": uuid4().hex}
        for _ in range(TRIES):
            answer = await self.http.request(method, url, json=body, headers=headers)
            if answer.is_success:
                return answer.json() if answer.content else None
            if answer.status_code not in (409, 503):
                break
            await asyncio.sleep(0.2)
        raise AssertionError(f"{method} {url} answered {answer.status_code} {answer.text}")

    async def race(self, key: str, to_trigger: dict[str, Any], to_cancel: dict[str, Any]) -> None:
        """Trigger here, cancel there.

        The gap is from the call, so that a cancel may overtake its trigger, or from its answer.
        """
        here, there = self.pair()
        triggering = asyncio.create_task(self.call("POST", f"{here}/v1/workflows/{key}/trigger", to_trigger))
        if self.chance.random() < 0.5:
            await triggering
        await asyncio.sleep(self.gap())
        await self.call("POST", f"{there}/v1/workflows/{key}/cancel", to_cancel)
        await triggering


Race = Callable[[Doors], Awaitable[Unscheduled | None]]


async def one_person(doors: Doors, key: str) -> None:
    stop = f"stop-{uuid4().hex}"
    async with doors.slots:
        trigger = {"recipients": [doors.person()], "cancellation_key": stop}
        await doors.race(key, trigger, {"cancellation_key": stop})


async def delay(doors: Doors) -> None:
    await one_person(doors, "delay")


async def send_window(doors: Doors) -> None:
    await one_person(doors, "send_window")


async def batch(doors: Doors) -> None:
    """A room of its own: alone in it, or with another before, whose own activity must stay."""
    room, who, stop = uuid4().hex, doors.person(), f"stop-{uuid4().hex}"
    body = {"recipients": [who], "data": {"room": room}}
    async with doors.slots:
        if doors.chance.random() < 0.5:
            await doors.call("POST", f"{doors.urls[0]}/v1/workflows/batch/trigger", body)
        trigger = body | {"cancellation_key": stop}
        await doors.race("batch", trigger, {"cancellation_key": stop})
        if doors.chance.random() < 0.5:
            await doors.call("POST", f"{doors.urls[1]}/v1/workflows/batch/trigger", body)


async def fan_out(doors: Doors) -> None:
    """A team and its subscribers; now and then the cancel means one subscriber only."""
    team = "crowd" if doors.chance.random() < 0.1 else "small"
    stop = f"stop-{uuid4().hex}"
    cancel: dict[str, Any] = {"cancellation_key": stop}
    if doors.chance.random() < 0.3:
        cancel["recipients"] = [f"person-{doors.chance.randrange(TEAMS[team])}"]
    async with doors.slots:
        trigger = {"recipients": [{"collection": "teams", "id": team}], "cancellation_key": stop}
        await doors.race("fan_out", trigger, cancel)


async def ending(doors: Doors) -> None:
    """The cancel comes when the pause is about to end, or has just ended."""
    stop = f"stop-{uuid4().hex}"
    here, there = doors.pair()
    async with doors.slots:
        body = {"recipients": [doors.person()], "cancellation_key": stop}
        await doors.call("POST", f"{here}/v1/workflows/ending/trigger", body)
    await asyncio.sleep(1 - LONGEST_GAP + 5 * doors.gap())
    async with doors.slots:
        await doors.call("POST", f"{there}/v1/workflows/ending/cancel", {"cancellation_key": stop})


async def schedule(doors: Doors) -> Unscheduled:
    """Unscheduling is the cancel of a schedule's run (E-SCHED-10); it comes when the run is due."""
    here, there = doors.pair()
    due = datetime.now(UTC) + timedelta(seconds=2)
    body = {"recipients": [doors.person()], "workflow": "schedule", "scheduled_at": due.isoformat()}
    async with doors.slots:
        (made,) = await doors.call("POST", f"{here}/v1/schedules", body)
    await asyncio.sleep((due - datetime.now(UTC)).total_seconds() - LONGEST_GAP / 2 + 3 * doors.gap())
    async with doors.slots:
        await doors.call("DELETE", f"{there}/v1/schedules", {"schedule_ids": [made["id"]]})
    return Unscheduled(made["id"], due=due, answered_at=datetime.now(UTC))


RACES: list[Race] = [delay, batch, fan_out, send_window, schedule, ending]


async def people_and_teams(doors: Doors) -> None:
    url = doors.urls[0]
    await doors.call(
        "POST",
        f"{url}/v1/users/bulk/identify",
        {"users": [{"id": f"person-{n}", "name": f"Person {n}"} for n in range(PEOPLE)]},
    )
    for team, size in TEAMS.items():
        await doors.call("PUT", f"{url}/v1/objects/teams/{team}", {"name": team})
        subscribers = [f"person-{number}" for number in range(size)]
        place = f"{url}/v1/objects/teams/{team}/subscriptions"
        await doors.call("POST", place, {"recipients": subscribers})


async def run(stack: Stack, pairs: int, seed: int) -> list[Unscheduled]:
    """So many pairs, one kind after the other; answers what became of schedules' deletions."""
    limits = httpx.Limits(max_connections=4 * AT_ONCE, max_keepalive_connections=4 * AT_ONCE)
    async with httpx.AsyncClient(timeout=60, limits=limits) as http:
        urls = (stack.url, stack.second_url)
        doors = Doors(http, urls, random.Random(seed), asyncio.Semaphore(AT_ONCE))
        await people_and_teams(doors)
        # Those that wait for their pause to end hold no slot; this bounds them.
        waiting = asyncio.Semaphore(10 * AT_ONCE)

        async def one(number: int) -> Unscheduled | None:
            try:
                return await RACES[number % len(RACES)](doors)
            finally:
                waiting.release()

        tasks = []
        for number in range(pairs):
            await waiting.acquire()
            tasks.append(asyncio.create_task(one(number)))
        return [found for found in await asyncio.gather(*tasks) if found is not None]


async def ended(stack: Stack) -> list[dict[str, Any]]:
    """Wait for every run; those that are left when nothing moves any more."""
    left = await settled(stack, PATIENCE_SECONDS)
    while left and (still := await settled(stack, PATIENCE_SECONDS)) != left:
        left = still
    return left


async def trial(stack: Stack, pairs: int, seed: int) -> RaceVerdict:
    """Race, wait for every run, and judge by what Postgres knows of the order of commits."""
    unscheduled = await run(stack, pairs, seed)
    left = await ended(stack)
    return judge(stack.postgres.url, {team: 1 + size for team, size in TEAMS.items()}, unscheduled, left)


def main(pairs: int) -> int:
    """Prints totals and violations; 0 when there are none."""
    folder, seed = Path(tempfile.mkdtemp(prefix="tocsin-races-")), random.randrange(2**32)
    stack = Stack(folder, {"track_commit_timestamp": "on"})
    try:
        stack.start(write_project(folder / "project"))
        stack.spawn("second_api")
        stack.await_ready(url=stack.second_url)
        started = time.monotonic()
        verdict = asyncio.run(trial(stack, pairs, seed))
        took = time.monotonic() - started
    finally:
        stack.stop()
    sys.stdout.write(f"{pairs} pairs (seed {seed}) in {took:.0f} s\n{verdict.told}\n")
    if verdict.violations:
        sys.stdout.write(f"logs are kept in {folder}\n")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
