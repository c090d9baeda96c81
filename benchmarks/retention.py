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
from benchmarks.disk import SHAPE, tables_of, temporal_file_of
from benchmarks.figures import Size
from benchmarks.instance import Instance
from benchmarks.runs import paid
from benchmarks.waiting import until
from models.database import Database
from models.tables.reconciliation import list_environments

TIMES = 10
"""How many times the usual number of runs a round has: together much more than the ceiling's, measured before,
left behind, whose room is free once they are forgotten."""
AT_ONCE = 20
CLOSED = "ExecutionStatus != 'Running'"
STAYING = ("feed_items", "messages", "recipients")
"""Tables whose rows outlive their run: people, and what their feeds show (E-MSG-15)."""


async def measure(instance: Instance, size: Size) -> dict[str, Any]:
    """Bytes of the files after each round, a run being an item and a mail.

    After each, all closed runs are past retention: Postgres' rows go as the reconciler erases them, with the
    `VACUUM` that autovacuum comes with in time; Temporal's histories as its own retention, which is a day at
    least, deletes them. `postgres` leaves out what outlives its run; `staying` is that. `grown` is the last
    round by the second: 1 is flat.
    """
    instance.publish(SHAPE.key, *SHAPE.steps)
    runs = size.runs * TIMES
    rounds = []
    client = await Client.connect(instance.temporal_address)
    async with httpx.AsyncClient(headers=instance.headers, timeout=120) as http:
        for number in range(size.rounds):
            await paid(instance, http, SHAPE, runs, f"retention-{number}")
            await _forget_histories(client)
            erased = await _erase(instance)
            tables = {table: sum(sizes) for table, sizes in tables_of(instance).items()}
            staying = sum(tables.pop(table) for table in STAYING)
            rounds.append(
                {
                    "erased_runs": erased,
                    "postgres": sum(tables.values()),
                    "temporal": await temporal_file_of(instance),
                    "staying": staying,
                }
            )
    return {
        "runs_of_a_round": runs,
        "bytes_after_each_round": rounds,
        "grown": {name: round(rounds[-1][name] / rounds[1][name], 2) for name in ("postgres", "temporal")}
        if len(rounds) > 2
        else None,
    }


async def _erase(instance: Instance) -> int:
    """How many runs went."""
    database = Database(instance.database_url, pool_size=2)
    await database.open()
    gone = 0
    try:
        async with database.connection() as connection:
            place = next(one for one in await list_environments(connection) if one["slug"] == "development")
        while erased := await erase(database, place, datetime.now(UTC), timedelta(0)):
            gone += erased["recipient_runs"]
    finally:
        await database.close()
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        connection.execute("VACUUM")
    return gone


async def _forget_histories(client: Client) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def forget(workflow_id: str, run_id: str | None) -> None:
        async with slots:
            execution = WorkflowExecution(workflow_id=workflow_id, run_id=run_id or "")
            await client.workflow_service.delete_workflow_execution(
                DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
            )

    async with asyncio.TaskGroup() as group:
        async for one in client.list_workflows(CLOSED):
            group.create_task(forget(one.id, one.run_id))

    async def are_gone() -> bool:
        return (await client.count_workflows(CLOSED)).count == 0

    await until(are_gone, pause_seconds=0.5)
