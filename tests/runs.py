"""Rows of triggers and runs for tests of single performers, written as `dispatch` writes them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dispatch.triggers import run_of
from models.database import Database
from models.ids import new_uuid
from models.queries.resources import find_resource
from models.tables.queued_runs import insert_run
from models.tables.recipients import identify
from models.tables.triggers import Trigger, insert_trigger, mark_answered
from models.values.content import ContentType, Name
from models.values.given import GivenRecipient
from tests.environments import TestEnvironment
from workflows_engine.effects.steps import StepAsk

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class WrittenRun:
    """A queued run without a workflow."""

    environment_id: UUID
    id: UUID
    trigger_id: UUID
    acceptance: int

    def ask(self, step_ref: str, now: datetime = NOON, attempt: int = 1) -> StepAsk:
        return StepAsk(
            environment_id=self.environment_id,
            recipient_run_id=self.id,
            step_ref=step_ref,
            attempt=attempt,
            now=now,
        )


async def write_run(
    database: Database,
    environment: TestEnvironment,
    key: str,
    recipient: Any = None,
    *,
    data: dict[str, Any] | None = None,
    **trigger: Any,
) -> WrittenRun:
    """A trigger of a published workflow and its one run; `trigger` sets further columns."""
    given = GivenRecipient.read(recipient or {"id": "ada", "name": "Ada", "email": "ada@example.com"})
    async with database.transaction() as connection:
        current = await find_resource(connection, environment.id, Name(ContentType.WORKFLOW, key))
        assert current is not None
        row = Trigger(
            id=new_uuid(),
            environment_id=environment.id,
            workflow_key=key,
            workflow_version_id=current["version_id"],
            acceptance=0,
            source=trigger.pop("source", "api"),
            data=data or {},
            recipients=[given.model_dump(mode="json")],
            settings=trigger.pop("settings", {}),
            request_id="test",
            inserted_at=NOON,
            **trigger,
        )
        acceptance = await insert_trigger(connection, row)
        assert acceptance is not None
        if given.properties is not None:
            await identify(connection, environment.id, given.ref, given.properties, NOON)
        run = run_of(row, acceptance, given)
        await insert_run(connection, run)
        await mark_answered(connection, environment.id, row.id, NOON)
    return WrittenRun(environment.id, run.id, row.id, acceptance)


async def rows(database: Database, sql: str, *values: Any) -> list[dict[str, Any]]:
    """What a query answers; for looking at what was written."""
    async with database.connection() as connection:
        cursor = await connection.execute(sql, values)
        found: list[dict[str, Any]] = await cursor.fetchall()
    return found
