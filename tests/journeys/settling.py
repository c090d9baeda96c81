"""Waiting until all runs of an environment have ended."""

from typing import Any

from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.houses import House
from tests.runs import rows

RUNS = """
    SELECT id, recipient_collection, recipient_id, status, outcome, outcome_reason, error_count, finished_at
    FROM recipient_runs WHERE environment_id = %s ORDER BY recipient_collection, recipient_id, inserted_at
"""


async def settled_runs(house: House, environment: TestEnvironment, count: int) -> list[dict[str, Any]]:
    """All runs, once at least so many exist and every one has ended."""
    return await eventually(
        lambda: rows(house.database, RUNS, environment.id),
        until=lambda runs: len(runs) >= count and all(run["finished_at"] for run in runs),
    )
