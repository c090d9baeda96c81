"""What each step costs, as counts: they are the same on every machine, and grow only on purpose."""

import asyncio
from pathlib import Path
from uuid import uuid4

import psycopg

from benchmarks.steps import count_costs, table
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.temporal import EmbeddedTemporal

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


async def test_history_events_and_statements_of_every_step_are_those_of_the_page(
    postgres: EmbeddedPostgres, template: str, scratch: Path
) -> None:
    name = f"costs_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    # A server of its own: the house's worker would take part on the other one.
    server = EmbeddedTemporal(scratch / "costs", 0, None)
    await asyncio.to_thread(server.start)
    try:
        url = f"{postgres.url.rsplit('/', 1)[0]}/{name}"
        costs = await count_costs(url, server.address, scratch / "costs-mailbox")
    finally:
        await asyncio.to_thread(server.stop)

    written = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]

    first = written.index(table(costs)[0])
    assert table(costs) == written[first : first + len(table(costs))], "see python -m benchmarks steps"
