"""The whole house in one process: API on a loopback port, worker in the sandbox, a real mailbox."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from knockapi import AsyncKnock

from api.app import create_app
from api.settings import ApiSettings
from cli.embedded.ports import free_port
from cli.mailbox.messages import ReceivedMessage
from cli.mailbox.smtp import listen
from cli.mailbox.store import MessageStore
from dispatch.temporal import Temporal
from models.database import Database
from models.sealing import Sealer
from tests.eventually import PATIENCE_SECONDS, eventually
from tests.sandboxes import sandbox_with_shapes
from worker.assembly import Parts, working

SECRET = "a secret for tests only"
SEALER = Sealer(SECRET)


async def _is_started(server: uvicorn.Server) -> bool:
    return server.started


class Mailbox:
    """A real SMTP server; what it received is read from its store."""

    def __init__(self, folder: Path) -> None:
        self._store = MessageStore(folder)
        self._server: asyncio.Server | None = None
        self.port = free_port()

    async def open(self) -> None:
        self._server = await listen(self._store, "127.0.0.1", self.port)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def mails_to(self, address: str) -> list[ReceivedMessage]:
        return [mail for mail in self._store.newest() if address in mail.to]


@dataclass(frozen=True)
class House:
    """Where the house listens, and what it stands on."""

    url: str
    database: Database
    temporal: Temporal
    mailbox: Mailbox

    @asynccontextmanager
    async def knock(self, key: str) -> AsyncIterator[AsyncKnock]:
        """Knock's own SDK, strict about every answer, and never trying twice."""
        client = AsyncKnock(
            api_key=key,
            base_url=self.url,
            _strict_response_validation=True,
            max_retries=0,
            timeout=PATIENCE_SECONDS,
        )
        async with client:
            yield client


@asynccontextmanager
async def open_house(parts: Parts, mailbox: Mailbox) -> AsyncIterator[House]:
    async with working(parts, runner=sandbox_with_shapes()), serving(parts) as url:
        yield House(url=url, database=parts.database, temporal=parts.temporal, mailbox=mailbox)


@asynccontextmanager
async def serving(parts: Parts) -> AsyncIterator[str]:
    """The API alone, on a port of its own."""
    settings = ApiSettings(database_url=parts.database.url, secret_key=SECRET, is_development=True)
    app = create_app(settings, database=parts.database, temporal=parts.temporal)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    task = asyncio.create_task(server.serve())
    await eventually(lambda: _is_started(server))
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task
