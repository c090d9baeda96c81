"""Publishing workflows in tests, by the same code as the management API."""

from typing import Any

from api.publishing import commit, save
from models.database import Database
from tests.environments import TestEnvironment


async def publish(
    database: Database, environment: TestEnvironment, key: str, content: dict[str, Any]
) -> None:
    async with database.transaction() as connection:
        await save(connection, environment.id, key, content)
        await commit(connection, environment.id, key, None)
