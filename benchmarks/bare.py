"""The ceiling: a Temporal workflow of one local activity, in a worker of its own.

`python -m benchmarks.bare ADDRESS` serves it; `drive` starts and counts runs.
"""

import asyncio
import sys
import time
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import PollerBehaviorAutoscaling, UnsandboxedWorkflowRunner, Worker

QUEUE = "bare"


@activity.defn
async def nothing(name: str) -> str:
    return name


@workflow.defn
class Bare:
    """One local activity: what every run of ours costs at least."""

    @workflow.run
    async def run(self, name: str) -> str:
        return await workflow.execute_local_activity(
            nothing, name, start_to_close_timeout=timedelta(seconds=5)
        )


async def serve(address: str) -> None:
    client = await Client.connect(address)
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=[Bare],
        activities=[nothing],
        workflow_runner=UnsandboxedWorkflowRunner(),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
    ):
        await asyncio.Event().wait()


async def drive(client: Client, count: int, at_once: int, label: str) -> float:
    """Seconds until `count` runs are completed."""
    slots = asyncio.Semaphore(at_once)
    started = time.monotonic()

    async def one(number: int) -> WorkflowHandle[Bare, str]:
        async with slots:
            return await client.start_workflow(Bare.run, "x", id=f"bare-{label}-{number}", task_queue=QUEUE)

    handles = await asyncio.gather(*(one(number) for number in range(count)))
    # The last few to be started finish last; waiting for each would cost the server a poll a run.
    for handle in handles[-at_once:]:
        await handle.result()
    return time.monotonic() - started


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
