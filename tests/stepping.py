"""Carrying a single step out on Postgres, without a workflow around it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from models.database import Database
from tests.builders import workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.runs import WrittenRun, rows, write_run
from workflows_engine.effects.steps import StepAnswer, StepAsk

A = TypeVar("A", bound=StepAnswer)


@dataclass(frozen=True)
class Bench:
    """An environment where runs of the workflow `w` are written down and stepped by hand."""

    database: Database
    environment: TestEnvironment

    async def run(self, step: dict[str, Any], recipient: Any = None, **more: Any) -> WrittenRun:
        """A queued run of a workflow of this one step; `more` as for `write_run`."""
        await publish(self.database, self.environment, "w", workflow(step))
        return await write_run(self.database, self.environment, "w", recipient, **more)

    async def insist(
        self, perform: Callable[[StepAsk], Awaitable[A]], run: WrittenRun, ref: str, tries: int = 3
    ) -> A:
        """The answer to the last of so many attempts."""
        answers = [await perform(run.ask(ref, attempt=attempt)) for attempt in range(1, tries + 1)]
        return answers[-1]

    async def data(self, run: WrittenRun) -> dict[str, Any] | None:
        """What steps made of the run's data; None when none changed them."""
        (row,) = await rows(self.database, "SELECT data FROM recipient_runs WHERE id = %s", run.id)
        found: dict[str, Any] | None = row["data"]
        return found

    async def log(self, run: WrittenRun, event: str) -> list[dict[str, Any]]:
        """Lines of this kind in the run's log, in the order of time and attempts."""
        sql = """
            SELECT * FROM run_events WHERE recipient_run_id = %s AND event = %s ORDER BY inserted_at, attempt
        """
        return await rows(self.database, sql, run.id, event)

    async def properties(self, collection: str, recipient_id: str) -> dict[str, Any] | None:
        """What is kept of a recipient; None for nobody."""
        sql = "SELECT properties FROM recipients WHERE environment_id = %s AND collection = %s AND id = %s"
        found = await rows(self.database, sql, self.environment.id, collection, recipient_id)
        return found[0]["properties"] if found else None
