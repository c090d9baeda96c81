"""The ceiling: bare Temporal workflows on the same server, in a worker with the settings of ours.

`python -m benchmarks.bare ADDRESS` serves them; `drive` starts and counts runs.
"""

import asyncio
import itertools
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta

import psutil
import uvloop
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import PollerBehaviorAutoscaling, UnsandboxedWorkflowRunner, Worker

QUEUE = "bare"
SENDS = "bare-sends"
"""Normal activities have a task queue of their own, as what reaches outside has with us."""
LOCAL, NORMAL = "local", "normal"
PAUSE = "pause:"
"""What a workflow of a plan does, one after the other; a pause with its seconds behind it."""
UNTIL = "until:"
"""A pause that ends at a time, in seconds since 1970."""

Plan = tuple[str, ...]

EMPTY: Plan = ()
ONE_LOCAL: Plan = (LOCAL,)
LOCAL_AND_NORMAL: Plan = (LOCAL, NORMAL)

_FIVE_SECONDS = timedelta(seconds=5)


@activity.defn
async def nothing(name: str) -> str:
    return name


@workflow.defn
class Bare:
    """What every run with these activities costs at least."""

    @workflow.run
    async def run(self, plan: list[str]) -> str:
        for act in plan:
            if act == LOCAL:
                await workflow.execute_local_activity(nothing, "x", start_to_close_timeout=_FIVE_SECONDS)
            elif act == NORMAL:
                await workflow.execute_activity(
                    nothing, "x", task_queue=SENDS, start_to_close_timeout=_FIVE_SECONDS
                )
            elif act.startswith(UNTIL):
                await workflow.sleep(max(float(act.removeprefix(UNTIL)) - workflow.time(), 0))
            else:
                await workflow.sleep(float(act.removeprefix(PAUSE)))
        return "x"


async def serve(address: str) -> None:
    # What ours has in its memory; the drivers of bare workflows have not, whose definitions it would be, too.
    import worker.assembly  # noqa: F401
    from dispatch.warming import warm_up

    warm_up()
    client = await Client.connect(address)
    async with AsyncExitStack() as stack:
        for queue in (QUEUE, SENDS):
            await stack.enter_async_context(_worker(client, queue))
        await asyncio.Event().wait()


def runs_at_once() -> int:
    """Workflow tasks at a time of each queue: as our worker has it, which has the same environment."""
    # Ours is not imported by the drivers of bare workflows: its definitions would be, too.
    from worker.assembly import RUNS_AT_ONCE

    return int(os.environ.get("TOCSIN_WORKER_RUNS_AT_ONCE") or RUNS_AT_ONCE)


@asynccontextmanager
async def _worker(client: Client, queue: str) -> AsyncIterator[Worker]:
    from worker.assembly import CACHED_RUNS, GRACE, STICKY, polling

    async with Worker(
        client,
        task_queue=queue,
        workflows=[Bare] if queue == QUEUE else [],
        activities=[nothing],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_workflow_tasks=runs_at_once(),
        workflow_task_poller_behavior=polling(runs_at_once()),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        max_cached_workflows=CACHED_RUNS if queue == QUEUE else 0,
        sticky_queue_schedule_to_start_timeout=STICKY,
        graceful_shutdown_timeout=GRACE,
    ) as worker:
        yield worker


@contextmanager
def bare_worker(address: str) -> Iterator[psutil.Process]:
    """A worker process for the bare workflows, a loop of the kind that ours has."""
    with subprocess.Popen([sys.executable, "-m", "benchmarks.bare", address]) as worker:
        try:
            yield psutil.Process(worker.pid)
        finally:
            worker.terminate()


async def start(
    client: Client, count: int, at_once: int, label: str, plans: Sequence[Plan]
) -> list[WorkflowHandle[Bare, str]]:
    """Start runs that follow these plans in turn, so many requests at a time."""
    slots = asyncio.Semaphore(at_once)

    async def one(number: int, plan: Plan) -> WorkflowHandle[Bare, str]:
        async with slots:
            name = f"bare-{label}-{number}"
            return await client.start_workflow(Bare.run, list(plan), id=name, task_queue=QUEUE)

    plan_of = itertools.cycle(plans)
    return await asyncio.gather(*(one(number, next(plan_of)) for number in range(count)))


async def drive(
    client: Client, count: int, at_once: int, label: str, plans: Sequence[Plan] = (ONE_LOCAL,)
) -> float:
    """Seconds until `count` runs are completed; what a run sleeps is no work, and taken off its own end."""
    started = time.monotonic()
    handles = await start(client, count, at_once, label, plans)
    # The last few to be started finish last, and the last that pauses; waiting for each would cost a poll.
    pausing = [number for number in range(count) if pause_of(plans[number % len(plans)])]
    last = {*range(max(count - at_once, 0), count), *pausing[-1:]}
    worked = 0.0
    for number in sorted(last, key=lambda number: (pause_of(plans[number % len(plans)]), number)):
        await handles[number].result()
        worked = max(worked, time.monotonic() - started - pause_of(plans[number % len(plans)]))
    return worked


def pause_of(plan: Plan) -> float:
    """Seconds that a run of this plan sleeps."""
    return sum(float(act.removeprefix(PAUSE)) for act in plan if act.startswith(PAUSE))


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
