"""Where histories are recorded: a house on throw-away servers, an environment for each scene."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from knockapi import AsyncKnock
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.temporal import EmbeddedTemporal
from dispatch.codec import data_converter
from dispatch.temporal import Temporal
from dispatch.wishes import wish
from models.database import Database
from models.migrations import upgrade
from models.sealing import Sealer
from models.values.refs import RecipientRef
from outbound.client import build_client
from tests.builders import workflow
from tests.committing import publish
from tests.environments import TestEnvironment
from tests.eventually import eventually
from tests.houses import SECRET, House, Mailbox, open_house
from tests.runs import rows
from worker.assembly import Parts
from workflows_engine import names

CANARY = "canary"
"""Stands in all that a history must not hold: data, properties, addresses, templates (D23)."""
BODY = f"{CANARY} {{{{ data.word }}}}"
PATIENCE_SECONDS = 90

IS_WORD = {"all": [{"variable": "data.word", "operator": "equal_to", "argument": CANARY}]}
"""Conditions that hold for every trigger of a stage."""
IS_OTHER = {"all": [{"variable": "data.word", "operator": "not_equal_to", "argument": CANARY}]}
"""Conditions that hold for none."""

Handle = WorkflowHandle[Any, Any]


@dataclass(frozen=True)
class Stage:
    """One environment of the house, with what a scene needs of it."""

    house: House
    environment: TestEnvironment
    knock: AsyncKnock

    async def publish(self, key: str, *steps: dict[str, Any], **more: Any) -> None:
        await publish(self.house.database, self.environment, key, workflow(*steps, **more))

    async def trigger(
        self, key: str, *people: str, cancellation_key: str | None = None, data: dict[str, Any] | None = None
    ) -> UUID:
        given = await self.knock.workflows.trigger(
            key,
            recipients=[{"id": who, "name": CANARY, "email": f"{CANARY}@example.com"} for who in people],
            data={"word": CANARY} | (data or {}),
            cancellation_key=cancellation_key,
        )
        return UUID(given.workflow_run_id)

    async def start(
        self,
        key: str,
        who: str = "ada",
        cancellation_key: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> Handle:
        """Trigger for one person; the workflow that carries the run."""
        trigger_id = await self.trigger(key, who, cancellation_key=cancellation_key, data=data)
        return self.run_of(key, trigger_id, who)

    def run_of(self, key: str, workflow_run_id: UUID, who: str = "ada", incarnation: int = 0) -> Handle:
        ref = RecipientRef(id=who)
        run_id = names.recipient_run_id(workflow_run_id, ref)
        return self.handle(names.recipient_run_workflow(self.environment.slug, key, ref, run_id, incarnation))

    def handle(self, workflow_id: str) -> Handle:
        return self.house.temporal.client.get_workflow_handle(workflow_id)

    async def cancel(self, key: str, cancellation_key: str) -> None:
        await self.knock.workflows.cancel(key, cancellation_key=cancellation_key)

    async def wake(self, until: datetime | None = None) -> None:
        """As an operator: end the pause of the one run that pauses, or move its end."""
        (run,) = await self.rows(PAUSED)
        place = (self.house.database, self.house.temporal, self.environment.id)
        assert await wish(*place, run["id"], until)

    async def rows(self, sql: LiteralString) -> list[dict[str, Any]]:
        """What a query with the environment's id in it answers."""
        return await rows(self.house.database, sql, self.environment.id)

    async def write(self, sql: LiteralString) -> None:
        """Change rows of the environment as nobody else would: for what is otherwise waited for too long."""
        async with self.house.database.transaction() as connection:
            await connection.execute(sql, (self.environment.id,))

    async def reach(self, status: str, count: int = 1) -> None:
        """Wait until so many runs have this status."""
        await eventually(
            lambda: self.rows("SELECT status FROM recipient_runs WHERE environment_id = %s"),
            until=lambda found: sum(run["status"] == status for run in found) >= count,
            seconds=PATIENCE_SECONDS,
        )


PAUSED: LiteralString = "SELECT id FROM recipient_runs WHERE environment_id = %s AND status = 'paused'"

Scene = Callable[[Stage], Awaitable[dict[str, Handle]]]
"""Lets runs happen, and answers the workflows whose histories are kept, by name."""


async def closed(handle: Handle) -> Handle:
    """Wait until the workflow exists and is closed, however it ended."""

    async def is_closed() -> bool:
        try:
            return (await handle.describe()).close_time is not None
        except RPCError:
            return False

    await eventually(is_closed, seconds=PATIENCE_SECONDS)
    return handle


@asynccontextmanager
async def throw_away_house() -> AsyncIterator[House]:
    """Servers, API and worker that are gone afterwards; nothing they write says where they ran."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        postgres = EmbeddedPostgres(folder / "postgres", 0, options={"fsync": "off"})
        server = EmbeddedTemporal(folder / "temporal", 0, None)
        postgres.start()
        server.start()
        try:
            async with _open(folder, postgres, server) as house:
                yield house
        finally:
            server.stop()
            postgres.stop()
            postgres.remove()


@asynccontextmanager
async def _open(folder: Path, postgres: EmbeddedPostgres, server: EmbeddedTemporal) -> AsyncIterator[House]:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE recording")
    database = Database(postgres.url.rsplit("/", 1)[0] + "/recording")
    upgrade(database.url)
    await database.open()
    client = await Client.connect(server.address, data_converter=data_converter(None), identity="recorder")
    http, mailbox = build_client(["127.0.0.0/8"]), Mailbox(folder / "mailbox")
    await mailbox.open()
    async with open_house(Parts(database, Temporal(client), http, Sealer(SECRET)), mailbox) as house:
        yield house
    await mailbox.close()
    await http.aclose()
    await database.close()
