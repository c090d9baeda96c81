"""Whether the files stop growing once as much is forgotten as is written: rounds of runs, each forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client

from activities.reconciling.erasing import erase
from benchmarks.disk import tables_of, temporal_file_of
from benchmarks.figures import Size
from benchmarks.instance import Instance, email_step
from benchmarks.runs import Shape, paid
from benchmarks.waiting import until
from models.database import Database
from models.tables.reconciliation import list_environments

TIMES = 10
"""How many times the usual number of runs a round has: together much more than what the ceiling, measured
before, leaves behind, whose room is free once it is forgotten."""
AT_ONCE = 20
CLOSED = "ExecutionStatus != 'Running'"
SHAPE = Shape("retention", [email_step()])
"""A feed item outlives its run (E-MSG-15): of a mail nothing stays, and people are the same in each round."""


async def measure(instance: Instance, size: Size) -> dict[str, Any]:
    """Bytes of the files after each round of runs, which send a mail.

    After each, all closed runs are past retention: Postgres' rows go as the reconciler erases them, with the
    `VACUUM` that autovacuum comes with in time; Temporal's histories as its own retention, which is a day at
    least, deletes them. `grown` is the last round by the second, of three or more: 1 is flat.
    """
    instance.publish(SHAPE.key, *SHAPE.steps)
    rounds = []
    client = await Client.connect(instance.temporal_address)
    async with httpx.AsyncClient(headers=instance.headers, timeout=120) as http:
        for _ in range(size.rounds):
            # Not all at once: who asks for more than ten seconds of work is told to come again.
            for _ in range(TIMES):
                await paid(instance, http, SHAPE, size.runs, "person")
            await _forget_histories(client)
            await _erase(instance, TIMES * size.runs)
            postgres = sum(map(sum, tables_of(instance).values()))
            rounds.append({"postgres": postgres, "temporal": await temporal_file_of(instance)})
    last, second = rounds[-1], rounds[min(1, len(rounds) - 1)]
    return {
        "runs_of_a_round": TIMES * size.runs,
        "bytes_after_each_round": rounds,
        "grown": {name: round(last[name] / second[name], 2) for name in last},
    }


async def _erase(instance: Instance, runs: int) -> None:
    """Until so many are gone: those whose mail was written down last a moment later."""
    database = Database(instance.database_url, pool_size=2)
    await database.open()
    try:
        async with database.connection() as connection:
            place = next(one for one in await list_environments(connection) if one["slug"] == "development")
        gone = 0

        async def are_gone() -> bool:
            nonlocal gone
            gone += (await erase(database, place, datetime.now(UTC), timedelta(0)))["recipient_runs"]
            return gone >= runs

        await until(are_gone)
    finally:
        await database.close()
    with psycopg.connect(instance.database_url, autocommit=True) as postgres:
        postgres.execute("VACUUM")


async def _forget_histories(client: Client) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def forget(workflow_id: str, run_id: str | None) -> None:
        async with slots:
            execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id or "")
            asked = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
            await client.workflow_service.delete_workflow_execution(asked, retry=True)

    async with asyncio.TaskGroup() as group:
        async for one in client.list_workflows(CLOSED):
            group.create_task(forget(one.id, one.run_id))

    async def are_gone() -> bool:
        return (await client.count_workflows(CLOSED)).count == 0

    await until(are_gone, pause_seconds=0.5)
