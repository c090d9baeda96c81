"""A rolling upgrade: workers of the release before and of this one work on the same runs, and none fails.

`python -m tests.upgrade.side_by_side --runs 2000` lets so many runs pause under the release before: asleep,
in batches, before another try. Then it does what docs/operating.md says: it migrates, starts an API and a
worker of this release beside the old ones, which knows that it is upgrading, leaves the old worker out, and
starts its own anew without that. Meanwhile it triggers at both APIs and ends pauses while this worker
comes and goes, so that each works on runs of the other.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client

from models.migrations import upgrade
from models.values.development import SECRET_KEY
from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step, workflow
from tests.faults.stack import Stack
from tests.faults.trial import query
from tests.upgrade.trial import runs, start_release_before, until, write_project

WORKFLOWS = {
    "asleep": workflow(delay_step(), in_app_step(), email_step()),
    "gathered": workflow(batch_step(seconds=24 * 3600), in_app_step()),
    "retried": workflow(fetch_step(url="http://127.0.0.1:9/"), in_app_step()),
}
IN_A_CALL = 50
AT_ONCE = 8
PATIENCE_SECONDS = 1_200
READ_HISTORIES = 300
WOKEN = "TimerCanceled"
"""In an error of the worker before: it was given a run that was woken, which it does not know, as this
release's worker was too busy to come for it. Another takes it, late; who upgrades wakes nobody."""
STARVED = "_DeadlockError"
"""A worker that gets no processor for two seconds; Temporal gives the task out again."""
SIGNALS_SECONDS = 5
BROKEN = {
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR,
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE,
}
"""Others are daily life: a signal that comes in while a task ends makes it fail, and it is done again."""
OUTCOMES = {"asleep": {"finished"}, "gathered": {"finished", "absorbed"}, "retried": {"failed"}}
"""How runs of each workflow may end: nobody listens where the last one fetches."""


def trigger(url: str, label: str, count: int) -> None:
    """So many runs, a third of each workflow; those that gather come in pairs."""
    crowd = max(count // len(WORKFLOWS), 2)
    crowds = {"asleep": (crowd, 1), "gathered": (crowd // 2, 2), "retried": (crowd, 1)}
    with httpx.Client(headers={"authorization": f"Bearer {SECRET_KEY}"}, timeout=120) as http:
        for key, (people, times) in crowds.items():
            for first in range(0, people, IN_A_CALL):
                names = [f"{label}-{key}-{n}" for n in range(first, min(first + IN_A_CALL, people))]
                body = {"recipients": [{"id": who, "email": f"{who}@example.com"} for who in names]}
                for _ in range(times):
                    http.post(f"{url}/v1/workflows/{key}/trigger", json=body).raise_for_status()


def all_paused(stack: Stack) -> None:
    def at_work() -> dict[str, int]:
        working = "status IN ('queued', 'processing')"
        rows = query(stack, f"SELECT status, count(*) AS n FROM recipient_runs WHERE {working} GROUP BY 1")
        fans = query(stack, "SELECT count(*) AS n FROM triggers WHERE fan_out = 'pending'")
        return {
            **{row["status"]: row["n"] for row in rows},
            **({"fans": fans[0]["n"]} if fans[0]["n"] else {}),
        }

    until(lambda: not at_work(), "a pause of every run", at_work, PATIENCE_SECONDS)


def wake(stack: Stack, share: float, but: str | None = None) -> None:
    """End the pauses of this share of the runs, each once."""
    paused = [str(run["id"]) for run in runs(stack, "paused") if run["workflow_key"] != but]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda run: _wake_one(stack, run), paused[: round(len(paused) * share)]))


def _wake_one(stack: Stack, run_id: str) -> None:
    """At this release's API, as the one before knows no waking; the pause may have ended by itself."""
    headers = {"authorization": f"Bearer {SECRET_KEY}"}
    httpx.post(f"{stack.second_url}/v1/tocsin/pauses/{run_id}/wake", json={}, headers=headers, timeout=60)


def wake_all(stack: Stack) -> None:
    """Until every run has ended; fetches pause again before each further try."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while open_now := [run for run in runs(stack) if run["outcome"] is None]:
        if time.monotonic() > deadline:
            raise SystemExit(f"{len(open_now)} runs never ended, among them {open_now[:5]}")
        wake(stack, 1)
        time.sleep(1)


def mistakes(stack: Stack) -> list[str]:
    ended: dict[str, Counter[str]] = {key: Counter() for key in WORKFLOWS}
    for run in runs(stack):
        ended[run["workflow_key"]][run["outcome"]] += 1
    found = [
        f"{key} ended {dict(seen)}" for key, seen in ended.items() if not seen or set(seen) - OUTCOMES[key]
    ]
    gathered = query(
        stack, "SELECT count(*) AS n FROM batch_windows WHERE total_activities IS DISTINCT FROM 2"
    )
    found += [f"{gathered[0]['n']} batches did not gather two"] if gathered[0]["n"] else []
    for name in ("worker", "second_worker"):
        lines = (stack.folder / f"{name}.log").read_text().splitlines()
        told = [line for line in lines if "ondeterminis" in line]
        found += [f"{name}.log: {line}" for line in told if name == "second_worker" or WOKEN not in line]
    return found + asyncio.run(failed_tasks(stack))


async def failed_tasks(stack: Stack) -> list[str]:
    """Workflow tasks that failed, in some hundreds of the histories."""
    client = await Client.connect(stack.temporal.address)
    found = []
    async for one in client.list_workflows('WorkflowType = "RecipientRun"', limit=READ_HISTORIES):
        history = await client.get_workflow_handle(one.id, run_id=one.run_id).fetch_history()
        failed = [
            event.workflow_task_failed_event_attributes
            for event in history.events
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
        ]
        causes = [one.cause for one in failed if not _is_expected(one.failure)]
        found += [f"{one.id}: {WorkflowTaskFailedCause.Name(cause)}" for cause in causes if cause in BROKEN]
    return found


def _is_expected(failure: Failure) -> bool:
    return failure.application_failure_info.type == STARVED or WOKEN in failure.message


def roll(stack: Stack, count: int) -> list[str]:
    """The upgrade itself; answers what went wrong."""
    trigger(stack.url, "before", count)
    all_paused(stack)
    stack.code = None
    stack.more["second_worker"] = {"TOCSIN_UPGRADING": "true"}
    upgrade(stack.postgres.url)
    for name in ("second_worker", "second_api"):
        stack.spawn(name)
    until(
        lambda: _is_ready(stack.second_url), "this release's API", lambda: stack.second_url, PATIENCE_SECONDS
    )
    for url, label in ((stack.url, "old-api"), (stack.second_url, "new-api")):
        trigger(url, label, max(count // 10, 6))
    all_paused(stack)
    _wake_beside(stack, 0.3)
    # What this release's worker began and had in its cache goes to the old one; later the other way round.
    stack.end("second_worker")
    trigger(stack.url, "old-worker", 6)
    _wake_beside(stack, 1)
    stack.spawn("second_worker")
    stack.end("worker")
    stack.more.clear()
    stack.end("second_worker")
    stack.spawn("second_worker")
    trigger(stack.second_url, "upgraded", max(count // 10, 6))
    wake_all(stack)
    return mistakes(stack)


def _wake_beside(stack: Stack, share: float) -> None:
    """End pauses that are the last of their run, and let it end.

    The release before knows no waking: it cannot go on with a run that was woken and pauses once more.
    """
    wake(stack, share, but="retried")
    # Signals take a moment until a worker has begun with them.
    time.sleep(SIGNALS_SECONDS)
    all_paused(stack)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=10).status_code == 200
    except httpx.HTTPError:
        return False


def main() -> int:
    """0 when every run ended as it would have without an upgrade."""
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade.side_by_side", description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="that pause when the upgrade begins")
    count = parser.parse_args().runs
    folder = Path(tempfile.mkdtemp(prefix="tocsin-rolling-"))
    stack, started = Stack(folder), time.monotonic()
    wrong: list[Any] = ["it was stopped"]
    try:
        start_release_before(stack, write_project(folder / "project", WORKFLOWS))
        wrong = roll(stack, count)
        total = len(runs(stack))
    finally:
        stack.stop()
    told = wrong or [f"{total} runs ended as expected, {time.monotonic() - started:.0f} s"]
    sys.stdout.write("\n".join(told) + "\n")
    if wrong:
        sys.stdout.write(f"logs are kept in {folder}\n")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
