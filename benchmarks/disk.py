"""What a notification takes on the disk: in Postgres by table, and in Temporal's file."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from benchmarks.figures import Size
from benchmarks.instance import Instance, email_step, in_app_step
from benchmarks.runs import Shape, paid

SHAPE = Shape("disk", [in_app_step(), email_step()])
MESSAGES_OF_A_RUN = 2
WARM = 50
GOAL_KILOBYTES = 30
KILOBYTE = 1_000
SETTLING_SECONDS = 3

_TABLES = """
    SELECT coalesce(parent.relname, c.relname), sum(pg_table_size(c.oid))::bigint,
           sum(pg_indexes_size(c.oid))::bigint
    FROM pg_class c
    LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class parent ON parent.oid = i.inhparent
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
    GROUP BY 1
"""


async def measure(instance: Instance, size: Size) -> dict[str, Any]:
    """Bytes by run and by message, from how much the files have grown; a run is an item and a mail."""
    instance.publish(SHAPE.key, *SHAPE.steps)
    async with httpx.AsyncClient(headers=instance.headers, timeout=120) as http:
        await paid(instance, http, SHAPE, WARM, "warm")
        tables, temporal = tables_of(instance), await temporal_file_of(instance)
        await paid(instance, http, SHAPE, size.runs, "disk")
    grown = {
        table: [after - before for after, before in zip(sizes, tables.get(table, (0, 0)), strict=True)]
        for table, sizes in tables_of(instance).items()
    }
    temporal = await temporal_file_of(instance) - temporal
    postgres = sum(map(sum, grown.values()))
    ranked = sorted(grown.items(), key=lambda one: -sum(one[1]))
    return {
        "runs": size.runs,
        "bytes_per_run": {
            "postgres": round(postgres / size.runs),
            "temporal": round(temporal / size.runs),
        },
        "bytes_per_message": round((postgres + temporal) / size.runs / MESSAGES_OF_A_RUN),
        "goal_bytes_per_message": GOAL_KILOBYTES * KILOBYTE,
        "bytes_per_run_by_table": {
            table: {"rows": round(rows / size.runs), "indexes": round(indexes / size.runs)}
            for table, (rows, indexes) in ranked
            if rows + indexes > 0
        },
    }


def tables_of(instance: Instance) -> dict[str, tuple[int, int]]:
    """Bytes of rows and of indexes, by table; partitions count for their table."""
    instance.rows("SELECT pg_stat_force_next_flush()")
    return {table: (rows, indexes) for table, rows, indexes in instance.rows(_TABLES)}


async def temporal_file_of(instance: Instance) -> int:
    """Bytes of Temporal's file, once what it closes behind finished runs has been written."""
    command = instance.processes()["temporal"][0].cmdline()
    file = Path(command[command.index("--db-filename") + 1])
    seen, now = -1, _length(file)
    while seen != now:
        await asyncio.sleep(SETTLING_SECONDS)
        seen, now = now, _length(file)
    return now


def _length(file: Path) -> int:
    return file.stat().st_size
