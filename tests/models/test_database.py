"""Connections of the pool, on a real Postgres."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import OperationalError, errors

from cli.embedded.ports import free_port
from cli.embedded.postgres import EmbeddedPostgres
from models.database import Database, take_time
from tests.databases import new_database
from tests.eventually import eventually


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


@pytest.fixture
async def kept_open(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """Four connections to a database that nobody else uses."""
    database = Database(new_database(postgres), pool_size=4, stays_open=True)
    await database.open()
    await database.pool.wait()
    yield database
    await database.close()


def end_connections(database: Database) -> None:
    """As a restart of Postgres does, before anybody could be told."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """
        )


async def test_all_connections_are_open_before_anybody_asks(kept_open: Database) -> None:
    assert kept_open.pool.get_stats()["pool_available"] == 4


async def test_after_a_restart_of_postgres_one_user_hears_of_it_and_not_one_for_each_connection(
    kept_open: Database,
) -> None:
    end_connections(kept_open)
    with pytest.raises(OperationalError):
        await backend(kept_open)
    for _ in range(8):
        await backend(kept_open)


async def test_who_is_at_work_when_postgres_restarts_gives_no_broken_connection_back(
    kept_open: Database,
) -> None:
    async def be_busy() -> None:
        async with kept_open.connection() as busy:
            end_connections(kept_open)
            with pytest.raises(OperationalError):
                await backend(kept_open)
            await busy.execute("SELECT 1")

    with pytest.raises(OperationalError):
        await be_busy()
    for _ in range(8):
        await backend(kept_open)
    await kept_open.pool.wait()
    assert kept_open.pool.get_stats()["pool_size"] == 4


async def test_a_transaction_that_took_too_long_ends_its_own_connection_and_no_other(
    postgres: EmbeddedPostgres,
) -> None:
    database = Database(new_database(postgres), pool_size=2, stays_open=True, transaction_seconds=0.2)
    await database.open()
    await database.pool.wait()
    async with database.connection():
        other = await backend(database)
    # Whoever comes next gets the one that was given back first.
    assert await backend(database) == other
    with pytest.raises(errors.TransactionTimeout):
        async with database.transaction() as slow:
            await slow.execute("SELECT pg_sleep(5)")
    assert await backend(database) == other
    await database.close()


async def test_a_postgres_that_was_away_for_longer_than_the_pool_tries_is_found_by_who_waits(
    tmp_path: Path,
) -> None:
    server = EmbeddedPostgres(tmp_path, free_port())
    await asyncio.to_thread(server.start)
    database = Database(server.url, pool_size=2, stays_open=True, patience_seconds=30)
    database.pool.reconnect_timeout = 0.1
    await database.open()
    await database.pool.wait()
    before = await backend(database)
    await asyncio.to_thread(server.kill)
    with pytest.raises(OperationalError):
        await backend(database)
    waiting = asyncio.create_task(backend(database))

    async def tries() -> int:
        return database.pool.get_stats().get("connections_num", 0)

    # More than the pool's two connections were tried twice before they were given up.
    tried = await tries()
    await eventually(tries, until=lambda many: many > tried + 8)
    await asyncio.to_thread(server.start)
    assert await waiting != before
    await database.close()
    await asyncio.to_thread(server.remove)


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
