"""The way to Postgres: one pool of psycopg connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection, errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[DictRow]

LOCK_SECONDS = 8.0
"""How long a statement waits for each lock of another: less than any caller does, so that it hears why."""
TRANSACTION_SECONDS = 120.0
"""How long a transaction lasts. Postgres does not notice that a process is frozen with one open, and would
keep its locks as long: each run that needs one stands still."""
RECONNECT_SECONDS = 5.0
"""How long the pool goes on with one attempt to connect, at ever longer distances; then it begins anew. So
Postgres is found again within seconds, however long it was away: with the five minutes that are usual there
was one look in two minutes in the end."""
CONNECT_SECONDS = 5
"""How long a connection may take to open; less is too little for a name that has several addresses."""
_NOTICED = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}
"""That the machine at the other end has vanished both sides notice after a minute, not after two hours."""


class Database:
    """Open it once a process; connections are in autocommit until a transaction is asked for.

    With `stays_open` the whole pool is opened at once, and none of it is closed for having nothing to do (but
    each is replaced within an hour): in a burst a new connection takes both sides longer than what it is for.

    Who waits for a lock longer than `lock_seconds` gets psycopg's LockNotAvailable; a transaction, and a
    statement of its own, that lasts longer than `transaction_seconds` is undone, and its connection ended
    (TransactionTimeout; in a pipeline an OperationalError). Both may try again.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        stays_open: bool = False,
        patience_seconds: float = 5.0,
        lock_seconds: float = LOCK_SECONDS,
        transaction_seconds: float = TRANSACTION_SECONDS,
    ) -> None:
        self.url = url
        self._lock_seconds = lock_seconds
        self._transaction_seconds = transaction_seconds
        self.is_full = False
        """Whether Postgres lately had no room for what it was told to write."""
        self._age = 0
        self._ages: WeakKeyDictionary[Connection, int] = WeakKeyDictionary()
        self.pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            _conninfo(url),
            min_size=pool_size if stays_open else 1,
            max_size=pool_size,
            timeout=patience_seconds,
            reconnect_timeout=RECONNECT_SECONDS,
            reconnect_failed=_look_again,
            open=False,
            kwargs={"autocommit": True, "row_factory": dict_row},
            configure=self._settle,
        )

    async def _settle(self, connection: Connection) -> None:
        """What holds for a connection as long as it lives.

        Statements name the row they know first and join from there: Postgres need not try other orders.
        Measured on what a step reads, twelve tables by their keys: 1.6 ms of planning instead of 4.6, which
        each connection pays until Postgres keeps a plan, after five executions of a prepared statement.
        """
        self._ages[connection] = self._age
        settings = {
            "join_collapse_limit": "1",
            "lock_timeout": f"{1000 * self._lock_seconds:.0f}ms",
            "transaction_timeout": f"{1000 * self._transaction_seconds:.0f}ms",
            **{f"tcp_{name}": value for name, value in _NOTICED.items()},
        }
        await connection.execute(
            "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS s (name, value)",
            (list(settings), list(settings.values())),
        )

    async def _replace_all_as_old_as(self, broken: Connection) -> None:
        """Postgres was away: who was at work hears of it, and one more, not one for each connection it had.

        A connection that was ended alone looks the same, where a transaction in a pipeline took too long:
        then others are replaced that were as good as before.
        """
        if self._ages.get(broken) == self._age:
            self._age += 1
            await self.pool.drain()

    async def open(self) -> None:
        await self.pool.open()

    async def close(self) -> None:
        await self.pool.close()

    @asynccontextmanager
    async def connection(self, patience_seconds: float | None = None) -> AsyncIterator[Connection]:
        """A connection for a few statements; a PoolTimeout after `patience_seconds`, by default the pool's.

        It is thrown away when a migration made its prepared plans stale. So is one whose user was cancelled:
        halfway out of a transaction or a pipeline it would go back to the pool as if it were free, and what
        others write on it afterwards would be answered and lost.
        """
        async with self.pool.connection(patience_seconds) as connection:
            try:
                yield connection
            except errors.FeatureNotSupported:
                await connection.close()
                raise
            except errors.TransactionTimeout:
                # It alone was ended.
                self._ages.pop(connection, None)
                raise
            except errors.DiskFull:
                self.is_full = True
                raise
            finally:
                # A driver's error may hide the cancel, so the task is asked.
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    await connection.close()
                elif connection.broken:
                    await self._replace_all_as_old_as(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside one transaction."""
        async with self.connection() as connection, connection.transaction():
            yield connection


async def _look_again(pool: AsyncConnectionPool[Any]) -> None:
    """Somebody may be waiting for a connection that the pool no longer tries to open."""
    await pool.check()


def _conninfo(url: str) -> str:
    """What the url says, and what holds where it says nothing."""
    given: dict[str, Any] = {
        **_NOTICED,
        "tcp_user_timeout": "60000",
        "connect_timeout": str(CONNECT_SECONDS),
        **conninfo_to_dict(url),
    }
    return make_conninfo(**given)


async def take_time(connection: Connection) -> None:
    """Let the transaction that this connection is in last as long as it takes."""
    await connection.execute("SET LOCAL transaction_timeout = 0")


async def be_patient(connection: Connection, seconds: float) -> None:
    """Let the transaction that this connection is in wait so long for each lock."""
    await connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{1000 * seconds:.0f}ms",))


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
