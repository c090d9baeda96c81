"""Lending an environment the name `development`, the one that content is pushed into."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from models.database import Database
from models.values.development import ENVIRONMENT
from tests.environments import TestEnvironment

RENAME = "UPDATE environments SET slug = %s WHERE id = %s"


@asynccontextmanager
async def as_development(database: Database, environment: TestEnvironment) -> AsyncIterator[TestEnvironment]:
    """The environment under that name, which is free again afterwards."""
    async with database.connection() as connection:
        await connection.execute(RENAME, (ENVIRONMENT, environment.id))
    yield replace(environment, slug=ENVIRONMENT)
    async with database.connection() as connection:
        await connection.execute(RENAME, (environment.slug, environment.id))
