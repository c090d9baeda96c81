"""The database as routes of content use it: a few write at a time, so that triggers find connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request

from models.database import Connection, Database, be_patient

LOCK_SECONDS = 60.0
"""Whoever writes has the log's lock until all of a project is compiled."""
TURNS = 3
"""Writers of content in one process. They wait for one another at the log's lock in any case, and each that
waits there holds a connection of the pool that triggers need, too."""


class ContentDatabase:
    """As `Database`; whoever writes waits for a turn before it takes a connection."""

    def __init__(self, database: Database, turns: asyncio.Semaphore) -> None:
        self._database = database
        self._turns = turns

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        return self._database.connection()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with self._turns, self._database.transaction() as connection:
            await be_patient(connection, LOCK_SECONDS)
            yield connection


async def _content_database(request: Request) -> ContentDatabase:
    return ContentDatabase(request.app.state.database, request.app.state.content_turns)


ContentDb = Annotated[ContentDatabase, Depends(_content_database)]
"""What every route takes that writes content."""
