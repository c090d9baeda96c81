"""Telling of a backlog that stays, however slow the machine is that looks at it."""

from models.database import Database
from models.tables.backlogs import tell_waited
from tests.environments import TestEnvironment


async def tell_for_long(
    database: Database, environment: TestEnvironment, tenant: str | None, seconds: float
) -> None:
    """As a worker tells, but the news do not grow old."""
    async with database.transaction() as connection:
        await tell_waited(connection, environment.id, tenant, seconds)
        await connection.execute(
            "UPDATE backlogs SET seen_at = now() + interval '1 hour' WHERE environment_id = %s",
            (environment.id,),
        )
