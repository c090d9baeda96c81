"""Connections of the pool, on a real Postgres."""

import asyncio

import pytest
from psycopg import errors

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


LOCK = "SELECT pg_advisory_xact_lock(hashtext('a lock of two'))"


async def test_who_waits_for_a_lock_hears_that_it_is_not_to_be_had(database_url: str) -> None:
    database = Database(database_url, pool_size=2, lock_seconds=0.1)
    await database.open()
    async with database.transaction() as holder:
        await holder.execute(LOCK)
        with pytest.raises(errors.LockNotAvailable):
            async with database.transaction() as other:
                await other.execute(LOCK)
        # Whose lock it is notices nothing.
        await holder.execute("SELECT 1")
    await database.close()


async def left_alone(database: Database) -> None:
    """A transaction that does nothing until another has its lock, and then goes on."""
    async with database.transaction() as frozen:
        await frozen.execute(LOCK)
        async with database.transaction() as other:
            await other.execute(LOCK)
        await frozen.execute("SELECT 1")


async def test_a_transaction_that_is_left_alone_gives_its_locks_back(database_url: str) -> None:
    # As that of a frozen process, or of a machine that vanished, of which Postgres hears nothing.
    database = Database(database_url, pool_size=2, idle_seconds=0.1)
    await database.open()
    with pytest.raises(errors.IdleInTransactionSessionTimeout):
        await left_alone(database)
    # Its connection is given to nobody else.
    for _ in range(2):
        assert await backend(database)
    await database.close()


async def test_a_transaction_that_may_idle_outlives_others(database_url: str) -> None:
    database = Database(database_url, pool_size=3, idle_seconds=0.1)
    await database.open()
    async with database.transaction(may_idle=True) as patient:
        await patient.execute("SELECT 1")
        with pytest.raises(errors.IdleInTransactionSessionTimeout):
            await left_alone(database)
        await patient.execute("SELECT 1")
    await database.close()
