"""Connections of the pool, on a real Postgres."""

import asyncio

import pytest

from models.database import Database


async def backend(database: Database) -> int:
    """Which process of the server a connection is served by."""
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT pg_backend_pid() AS pid")
        return int((await cursor.fetchone() or {})["pid"])


async def test_a_connection_is_used_again(database_url: str) -> None:
    database = Database(database_url, pool_size=1)
    await database.open()
    assert await backend(database) == await backend(database)
    await database.close()


async def test_a_connection_whose_user_was_cancelled_is_not_used_again(database_url: str) -> None:
    # Seen under load: writes on such a connection were answered, and rolled back with its old transaction.
    database = Database(database_url, pool_size=1)
    await database.open()
    before, inside = await backend(database), asyncio.Event()

    async def effect() -> None:
        async with database.transaction():
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(effect())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await backend(database) != before
    await database.close()
