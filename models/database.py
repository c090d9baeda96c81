"""The way to Postgres: one pool of psycopg connections for statements, one SQLAlchemy engine for queries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection, errors
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

Connection = AsyncConnection[DictRow]

LOCK_SECONDS = 15.0
"""How long a statement waits for a lock of another: less than any caller does, so that it hears why."""
IDLE_SECONDS = 60.0
"""How long a transaction may do nothing. Postgres does not notice that a machine vanished with one open, or
that its process is frozen, and would keep its locks for hours: each run that needs one stands still."""


class Database:
    """Open it once a process; connections are in autocommit until a transaction is asked for.

    Who waits for a lock longer than `lock_seconds` gets psycopg's LockNotAvailable; who leaves a transaction
    alone for `idle_seconds` loses it and its connection (IdleInTransactionSessionTimeout). Both may
    try again.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        patience_seconds: float = 5.0,
        lock_seconds: float = LOCK_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.url = url
        self._lock_seconds = lock_seconds
        self._idle_seconds = idle_seconds
        self.is_full = False
        """Whether Postgres lately had no room for what it was told to write."""
        self.pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=pool_size,
            timeout=patience_seconds,
            open=False,
            kwargs={"autocommit": True, "row_factory": dict_row},
            configure=self._settle,
        )
        self.engine: AsyncEngine = create_async_engine(
            _for_sqlalchemy(url), pool_size=pool_size, pool_timeout=patience_seconds, pool_pre_ping=True
        )

    async def _settle(self, connection: Connection) -> None:
        """What holds for a connection as long as it lives.

        Statements name the row they know first and join from there: Postgres need not try other orders.
        Measured on what a step reads, twelve tables by their keys: 1.6 ms of planning instead of 4.6, which
        each connection pays until Postgres keeps a plan, after five executions of a prepared statement.
        """
        settings = {
            "join_collapse_limit": "1",
            "lock_timeout": f"{1000 * self._lock_seconds:.0f}ms",
            "idle_in_transaction_session_timeout": f"{1000 * self._idle_seconds:.0f}ms",
        }
        names, values = list(settings), list(settings.values())
        await connection.execute(
            "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS s (name, value)",
            (names, values),
        )

    async def open(self) -> None:
        await self.pool.open()

    async def close(self) -> None:
        await self.pool.close()
        await self.engine.dispose()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for a few statements; thrown away when a migration made its prepared plans stale.

        So is one whose user was cancelled: halfway out of a transaction or a pipeline it would go back to
        the pool as if it were free, and what others write on it afterwards would be answered and lost.
        """
        async with self.pool.connection() as connection:
            try:
                yield connection
            except errors.FeatureNotSupported:
                await connection.close()
                raise
            except errors.DiskFull:
                self.is_full = True
                raise
            finally:
                # A driver's error may hide the cancel, so the task is asked.
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    await connection.close()

    @asynccontextmanager
    async def transaction(self, *, may_idle: bool = False) -> AsyncIterator[Connection]:
        """A connection inside one transaction; it `may_idle` while its holder is busy elsewhere for long."""
        async with self.connection() as connection, connection.transaction():
            if may_idle:
                await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield connection


async def has_room(connection: Connection) -> bool:
    """Whether Postgres finds room for half a megabyte, which it forgets at once.

    It cannot say how much is free; asking costs rows in its catalogues, so ask only after it had none.
    """
    try:
        async with connection.transaction():
            await connection.execute(
                "CREATE TEMPORARY TABLE room ON COMMIT DROP AS "
                "SELECT repeat('x', 1000) FROM generate_series(1, 500)"
            )
    except errors.DiskFull:
        return False
    return True


def _for_sqlalchemy(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme.startswith("postgres") else url
