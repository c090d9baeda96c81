"""The upgrade trial: runs fall asleep under the release before, and wake up and end under this one.

`python -m tests.upgrade.trial` starts Postgres and Temporal, runs the kept release on them (its own
migrations, API and worker), lets runs pause, stops it, migrates, and starts today's API and worker instead.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from models.migrations import upgrade
from models.values.development import SECRET_KEY, SERVICE_TOKEN
from tests.builders import batch_step, delay_step, email_step, fetch_step, in_app_step, workflow
from tests.every_step import branch
from tests.faults.stack import SECRET, Stack
from tests.faults.trial import query
from tests.upgrade.keep import unpack

SLEEP_SECONDS = 15
"""Long enough for both releases to start on a busy machine; runs that are due meanwhile go on late."""
WORKFLOWS = {
    "branched": workflow(branch({"conditions": None, "steps": [delay_step()]}), in_app_step()),
    "woken": workflow(delay_step(), in_app_step()),
    "cancelled": workflow(delay_step(), in_app_step()),
    "shut": workflow(batch_step(seconds=3600), in_app_step()),
    "refetched": workflow(fetch_step(url="http://127.0.0.1:9/"), in_app_step()),
    "slept": workflow(delay_step(unit="seconds", value=SLEEP_SECONDS), in_app_step(), email_step()),
    "batched": workflow(batch_step(seconds=SLEEP_SECONDS), in_app_step()),
}
ENDED = {
    "slept": {"finished": 3},
    "branched": {"finished": 1},
    "woken": {"finished": 1},
    "cancelled": {"cancelled": 1},
    "batched": {"absorbed": 1, "finished": 1},
    "shut": {"absorbed": 1, "finished": 1},
    "refetched": {"failed": 1},
}
"""How many runs of each workflow end how."""
MESSAGES = {"slept": 6, "branched": 1, "woken": 1, "batched": 1, "shut": 1}
BY_HAND = ("branched", "woken", "shut", "refetched")
"""Their pauses are ended by an operator of the new release: signals to runs that knew of none."""
PREPARE = """
import sys
from pathlib import Path
import models
from cli.seeding import seed_development
from models.migrations import upgrade
assert Path(models.__file__).is_relative_to(Path.cwd()), "this is not the release before"
upgrade(sys.argv[1])
seed_development(sys.argv[1], sys.argv[2], int(sys.argv[3]))
"""


def write_project(folder: Path, workflows: dict[str, Any]) -> Path:
    for key, content in workflows.items():
        place = folder / "workflows" / key
        place.mkdir(parents=True)
        (place / "workflow.json").write_text(json.dumps(content))
    return folder


def start_release_before(stack: Stack, project: Path) -> None:
    """Its schema, its worker, its API; its own CLI pushes."""
    stack.code = unpack(stack.folder / "before")
    stack.postgres.start()
    stack.temporal.start()
    python(stack, "-c", PREPARE, stack.postgres.url, SECRET, str(stack.smtp_port))
    for name in ("mailbox", "api", "worker"):
        stack.spawn(name)
    stack.await_ready()
    python(stack, "-m", "cli", "push", str(project), "--url", stack.url, "--token", SERVICE_TOKEN)


def python(stack: Stack, *words: str) -> None:
    """Run something of the release before."""
    environment = stack.environment("api")
    subprocess.run(
        [sys.executable, *words], check=True, cwd=stack.code, env=environment, stdout=subprocess.DEVNULL
    )


def start_this_release(stack: Stack) -> None:
    """As docs/operating.md says: stop, migrate, start workers, then the API."""
    stack.end("api")
    stack.end("worker")
    stack.code = None
    upgrade(stack.postgres.url)
    for name in ("worker", "api"):
        stack.spawn(name)
    stack.await_ready()


def call(stack: Stack, method: str, path: str, body: dict[str, Any]) -> Any:
    headers = {"authorization": f"Bearer {SECRET_KEY}"}
    answer = httpx.request(method, f"{stack.url}{path}", json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def put_to_sleep(stack: Stack) -> None:
    """One person for each workflow; three in a fan-out; two activities for each batch."""
    for key in WORKFLOWS:
        people = ["ada", "bob", "eve"] if key == "slept" else ["ada"]
        given = [{"id": who, "name": who, "email": f"{who}@example.com"} for who in people]
        body = {"recipients": given, "data": {"n": 1}, "cancellation_key": f"stop-{key}"}
        for _ in range(sum(ENDED[key].values()) // len(people)):
            call(stack, "POST", f"/v1/workflows/{key}/trigger", body)
    paused = sum(sum(ended.values()) - ended.get("absorbed", 0) for ended in ENDED.values())
    until(lambda: len(runs(stack, "paused")) == paused, f"{paused} runs asleep", lambda: runs(stack))


def wake_up(stack: Stack) -> None:
    """Cancel one and end other pauses early."""
    call(stack, "POST", "/v1/workflows/cancelled/cancel", {"cancellation_key": "stop-cancelled"})
    deadline = time.monotonic() + 60
    while left := [run for run in runs(stack, "paused") if run["workflow_key"] in BY_HAND]:
        # A fetch that fails again pauses again, for its third try.
        for run in left:
            call_if_paused(stack, str(run["id"]))
        if time.monotonic() > deadline:
            raise SystemExit(f"still asleep: {left}")
        time.sleep(0.5)


def call_if_paused(stack: Stack, run_id: str) -> None:
    """End a pause; between our look and the call it may have ended."""
    headers = {"authorization": f"Bearer {SECRET_KEY}"}
    httpx.post(f"{stack.url}/v1/tocsin/pauses/{run_id}/wake", json={}, headers=headers, timeout=30)


def runs(stack: Stack, status: str | None = None) -> list[dict[str, Any]]:
    found = query(stack, "SELECT id, workflow_key, status, outcome, outcome_reason FROM recipient_runs")
    return [run for run in found if status in (None, run["status"])]


def until(holds: Any, what: str, look: Any, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"never came: {what}; last seen: {look()}")
        time.sleep(0.2)


def mistakes(stack: Stack) -> list[str]:
    """What ended otherwise than it would have without an upgrade."""
    found = []
    for key, expected in ENDED.items():
        seen: dict[str, int] = {}
        for run in runs(stack):
            if run["workflow_key"] == key:
                seen[run["outcome"]] = seen.get(run["outcome"], 0) + 1
        if seen != expected:
            found.append(f"{key} ended {seen}, not {expected}")
    sent = query(stack, "SELECT workflow_key, count(*) AS n FROM messages GROUP BY 1")
    if {row["workflow_key"]: row["n"] for row in sent} != MESSAGES:
        found.append(f"messages: {sent}, not {MESSAGES}")
    unsent = query(stack, "SELECT id, status FROM messages WHERE settled_at IS NULL")
    gathered = query(stack, "SELECT total_activities FROM batch_windows")
    if [row["total_activities"] for row in gathered] != [2, 2]:
        found.append(f"gathered: {gathered}")
    return found + [f"never settled: {row}" for row in unsent]


def main() -> int:
    """Prints what was carried over; 0 when everything ended as it should."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-upgrade-"))
    stack = Stack(folder)
    try:
        start_release_before(stack, write_project(folder / "project", WORKFLOWS))
        put_to_sleep(stack)
        start_this_release(stack)
        wake_up(stack)
        until(lambda: all(run["outcome"] for run in runs(stack)), "the end of every run", lambda: runs(stack))
        wrong = mistakes(stack)
    finally:
        stack.stop()
    sys.stdout.write(
        "\n".join(wrong or [f"{sum(sum(ended.values()) for ended in ENDED.values())} runs ended as expected"])
        + "\n"
    )
    if wrong:
        sys.stdout.write(f"logs are kept in {folder}\n")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
