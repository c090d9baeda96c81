"""The kill -9 trial: triggers go on while every process of the stack dies and comes back.

`python -m tests.faults.trial [TRIGGERS]` runs the long form; the test runs a short one.
"""

import asyncio
import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from models.values.development import SECRET_KEY
from tests.builders import batch_step, delay_step, email_step, in_app_step, workflow
from tests.eventually import PATIENCE_SECONDS
from tests.faults.stack import Stack

PEOPLE = 12
WORKFLOWS = {
    "batched": workflow(batch_step(seconds=4), in_app_step(), email_step()),
    "delayed": workflow(delay_step(unit="seconds", value=5), in_app_step()),
    "mailed": workflow(in_app_step(), email_step()),
}
DEATHS = [["worker"], ["api"], ["temporal"], ["postgres"], ["worker", "api", "temporal", "postgres"]]


@dataclass
class Accepted:
    """Triggers that were answered 2xx, by workflow: the ids of their runs."""

    runs: dict[str, list[str]] = field(default_factory=lambda: {key: [] for key in WORKFLOWS})

    @property
    def count(self) -> int:
        return sum(map(len, self.runs.values()))


def write_project(folder: Path) -> Path:
    """The workflows as a project folder."""
    for key, content in WORKFLOWS.items():
        place = folder / "workflows" / key
        place.mkdir(parents=True)
        (place / "workflow.json").write_text(json.dumps(content))
    return folder


async def send(stack: Stack, accepted: Accepted, number: int, http: httpx.AsyncClient) -> None:
    """One trigger, tried again under the same key until it is answered, as Knock's SDKs do."""
    key = list(WORKFLOWS)[number % len(WORKFLOWS)]
    person = f"person-{number % PEOPLE}"
    body = {"recipients": [{"id": person, "email": f"{person}@example.com"}], "data": {"n": number}}
    headers = {"authorization": f"Bearer {SECRET_KEY}", "idempotency-key": f"trial-{number}"}
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            url = f"{stack.url}/v1/workflows/{key}/trigger"
            answer = await http.post(url, json=body, headers=headers, timeout=15)
        except httpx.HTTPError:
            await asyncio.sleep(0.2)
            continue
        if answer.status_code == 200:
            accepted.runs[key].append(answer.json()["workflow_run_id"])
            return
        if answer.status_code < 500 and answer.status_code != 409:
            raise AssertionError(f"a trigger was refused: {answer.status_code} {answer.text}")
        await asyncio.sleep(0.2)
    raise AssertionError(f"trigger {number} was never answered")


async def killing(stack: Stack, sent: asyncio.Event) -> None:
    """Kill and revive, one after the other and all at once, while triggers are on their way."""
    for names in DEATHS:
        await asyncio.sleep(2.0)
        for name in names:
            await asyncio.to_thread(stack.kill, name)
        await asyncio.sleep(0.5)
        # In the order they depend on each other.
        for name in ("postgres", "temporal", "api", "worker"):
            if name in names:
                stack.revive(name)
    sent.set()


async def run(stack: Stack, triggers: int) -> Accepted:
    """Send `triggers` evenly over the time of the killing."""
    accepted, done = Accepted(), asyncio.Event()
    killer = asyncio.create_task(killing(stack, done))
    slots = asyncio.Semaphore(20)
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:

        async def one(number: int) -> None:
            async with slots:
                await send(stack, accepted, number, http)

        tasks = []
        for number in range(triggers):
            tasks.append(asyncio.create_task(one(number)))
            await asyncio.sleep(14 / triggers)
        await asyncio.gather(*tasks)
    await killer
    return accepted


async def settled(stack: Stack, seconds: float) -> list[dict[str, Any]]:
    """Runs that are still open when the time is up; none is what we want."""
    deadline = time.monotonic() + seconds
    while True:
        open_runs = query(
            stack, "SELECT id, workflow_key, status, updated_at FROM recipient_runs WHERE finished_at IS NULL"
        )
        if not open_runs or time.monotonic() > deadline:
            return open_runs
        await asyncio.sleep(0.5)


def query(stack: Stack, sql: str) -> list[dict[str, Any]]:
    with psycopg.connect(stack.postgres.url, row_factory=dict_row, autocommit=True) as connection:
        return connection.execute(sql).fetchall()


@dataclass(frozen=True)
class Verdict:
    """What the trial found: lost and doubled are failures, doubled mails are what at-least-once allows."""

    accepted: int
    lost: list[str]
    doubled: list[str]
    unsettled: list[str]
    doubled_mails: int
    seconds_to_settle: float

    @property
    def told(self) -> str:
        """The figures, and of each kind of failure the first few."""
        kinds = {"lost": self.lost, "doubled": self.doubled, "unsettled": self.unsettled}
        lines = [f"{kind}: {len(found)} {found[:3]}" for kind, found in kinds.items()]
        head = f"accepted {self.accepted}, mails doubled {self.doubled_mails}"
        return "\n".join([f"{head}, settled in {self.seconds_to_settle} s", *lines])


async def judge(stack: Stack, accepted: Accepted, patience: float) -> Verdict:
    """Wait for every run, then compare what was accepted with what arrived."""
    started = time.monotonic()
    left = await settled(stack, patience)
    took = time.monotonic() - started
    lost = [f"{run['workflow_key']} {run['id']} is {run['status']}" for run in left]
    runs = {str(row["workflow_run_id"]): row for row in query(stack, RUNS)}
    for key, ids in accepted.runs.items():
        for trigger_id in ids:
            row = runs.get(trigger_id)
            if row is None or row["status"] != "completed":
                lost.append(f"{key} {trigger_id}: {row}")
    doubled = [str(row) for row in query(stack, DOUBLED_ITEMS)]
    lost += [str(row) for row in query(stack, WITHOUT_ITEM)] + [str(row) for row in query(stack, UNGATHERED)]
    doubled += [str(row) for row in query(stack, GATHERED_TWICE)]
    unsettled = [str(row) for row in query(stack, UNSETTLED)]
    async with httpx.AsyncClient(timeout=30) as http:
        mails = (await http.get(f"{stack.mailbox_url}/api/messages", params={"limit": 1000})).json()
    sent = query(stack, "SELECT count(*) AS n FROM messages WHERE status = 'sent'")[0]["n"]
    return Verdict(accepted.count, lost, doubled, unsettled, len(mails) - sent, round(took, 1))


RUNS = "SELECT workflow_run_id, status, outcome FROM recipient_runs"
DOUBLED_ITEMS = """
    SELECT recipient_run_id, count(*) AS items FROM feed_items GROUP BY recipient_run_id HAVING count(*) > 1
"""
WITHOUT_ITEM = """
    SELECT r.id, r.workflow_key, r.outcome FROM recipient_runs r
    WHERE r.outcome = 'finished' AND NOT EXISTS (SELECT FROM feed_items f WHERE f.recipient_run_id = r.id)
"""
UNGATHERED = """
    SELECT r.id, r.outcome FROM recipient_runs r WHERE r.workflow_key = 'batched' AND NOT EXISTS (
        SELECT FROM batch_members m JOIN feed_items f ON f.window_id = m.window_id
        WHERE m.recipient_run_id = r.id AND m.left_at IS NULL)
"""
GATHERED_TWICE = """
    SELECT recipient_run_id, count(*) FROM batch_members GROUP BY recipient_run_id HAVING count(*) > 1
"""
UNSETTLED = "SELECT id, status, attempts FROM messages WHERE settled_at IS NULL"


async def trial(stack: Stack, triggers: int, patience: float) -> Verdict:
    """Send, kill, wait and judge, on a stack that was started."""
    accepted = await run(stack, triggers)
    return await judge(stack, accepted, patience)


def main(triggers: int) -> int:
    """The long form: prints the verdict; 0 when nothing was lost or doubled."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-trial-"))
    stack = Stack(folder)
    try:
        stack.start(write_project(folder / "project"))
        verdict = asyncio.run(trial(stack, triggers, patience=240))
    finally:
        stack.stop()
    sys.stdout.write(f"{verdict.told}\n")
    if verdict.lost or verdict.doubled or verdict.unsettled:
        sys.stdout.write(f"logs are kept in {folder}\n")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 240))
