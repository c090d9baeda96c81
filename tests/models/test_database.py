"""Connections of the pool, on a real Postgres."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from psycopg import OperationalError, errors

from models.database import Database, take_time


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


async def test_after_a_restart_of_postgres_one_user_hears_of_it_and_not_one_for_each_connection(
    database_url: str,
) -> None:
    database = Database(database_url, pool_size=4, stays_open=True)
    other = Database(database_url, pool_size=1)
    await database.open()
    await database.pool.wait()
    await other.open()
    async with other.connection() as connection:
        await connection.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """
        )

    with pytest.raises(OperationalError):
        await backend(database)
    for _ in range(8):
        await backend(database)
    await database.close()
    await other.close()


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


async def left_alone(database: Database, other: Database) -> None:
    """A transaction that does nothing until another has its lock, and then goes on."""
    async with database.transaction() as frozen:
        await frozen.execute(LOCK)
        async with other.transaction() as waiting:
            await waiting.execute(LOCK)
        await frozen.execute("SELECT 1")


async def left_alone_in_a_pipeline(database: Database, other: Database) -> None:
    """As effects write: Postgres takes the session to be at work until the pipeline is synced."""
    async with database.connection() as frozen, frozen.pipeline() as pipeline, frozen.transaction():
        await pipeline.sync()
        await (await frozen.execute(LOCK)).fetchone()
        async with other.transaction() as waiting:
            await waiting.execute(LOCK)
        await (await frozen.execute("SELECT 1")).fetchone()


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, pool_size=1)
    await database.open()
    yield database
    await database.close()


@pytest.mark.parametrize("left", [left_alone, left_alone_in_a_pipeline])
async def test_a_transaction_that_is_left_alone_gives_its_locks_back(
    database_url: str, other: Database, left: Callable[[Database, Database], Awaitable[None]]
) -> None:
    # As that of a frozen process, of which Postgres hears nothing.
    database = Database(database_url, pool_size=1, transaction_seconds=0.1)
    await database.open()
    before = await backend(database)

    # In a pipeline nobody reads why the connection was ended.
    with pytest.raises((errors.TransactionTimeout, OperationalError)):
        await left(database, other)

    assert await backend(database) != before
    await database.close()


async def test_a_transaction_that_takes_time_outlives_others(database_url: str, other: Database) -> None:
    database = Database(database_url, pool_size=2, transaction_seconds=0.1)
    await database.open()
    async with database.transaction() as patient:
        await take_time(patient)
        with pytest.raises(errors.TransactionTimeout):
            await left_alone(database, other)
        await patient.execute("SELECT 1")
    await database.close()


async def test_what_a_url_says_of_its_connection_holds(database_url: str) -> None:
    database = Database(f"{database_url}{'&' if '?' in database_url else '?'}keepalives_idle=5", pool_size=1)
    await database.open()
    async with database.connection() as connection:
        given = connection.info.get_parameters()
        assert (given["keepalives_idle"], given["keepalives_count"]) == ("5", "3")
        cursor = await connection.execute("SHOW tcp_keepalives_idle")
        assert await cursor.fetchone() == {"tcp_keepalives_idle": "30"}
    await database.close()
