"""Someone at a keyboard, with an account of their own behind a running API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from typer.testing import CliRunner, Result

from cli.main import app
from dispatch.temporal import Temporal
from models.sealing import Sealer
from outbound.client import build_client
from tests.houses import SECRET, serving
from tests.pipelines import Pipeline
from worker.assembly import Parts


@dataclass(frozen=True)
class Keyboard:
    """Runs `tocsin` against the API at `url`."""

    url: str
    pipeline: Pipeline

    async def run(self, *words: str, stdin: str | None = None, token: str | None = None) -> Result:
        known = {
            "TOCSIN_URL": self.url,
            "KNOCK_SERVICE_TOKEN": token or self.pipeline.token,
            "STRIPE_KEY": "hunter2",
        }
        return await asyncio.to_thread(CliRunner().invoke, app, list(words), input=stdin, env=known)

    async def said(self, *words: str, stdin: str | None = None) -> str:
        """What a command that succeeds prints on stdout."""
        ended = await self.run(*words, stdin=stdin)
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    async def refused(self, *words: str) -> str:
        """What a command that fails says on stderr."""
        ended = await self.run(*words)
        assert (ended.exit_code, ended.stdout) == (1, "")
        return ended.stderr


@asynccontextmanager
async def at_keyboard(pipeline: Pipeline, temporal: Temporal) -> AsyncIterator[Keyboard]:
    """A keyboard for this account."""
    async with build_client(["127.0.0.0/8"]) as http:
        parts = Parts(database=pipeline.database, temporal=temporal, http=http, sealer=Sealer(SECRET))
        async with serving(parts) as url:
            yield Keyboard(url, pipeline)
