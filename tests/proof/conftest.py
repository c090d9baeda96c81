"""An account behind a real port, with the example projects published in it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.embedded.postgres import EmbeddedPostgres
from cli.push import push
from dispatch.temporal import Temporal
from models.sealing import Sealer
from outbound.client import build_client
from tests.houses import SECRET, serving
from tests.pipelines import Pipeline, open_pipeline
from tests.proof.projects import lay_out
from worker.assembly import Parts


@dataclass(frozen=True)
class Shop:
    """An account and where it listens."""

    pipeline: Pipeline
    url: str

    async def push(self, folder: Path) -> None:
        await asyncio.to_thread(push, folder, self.url, self.pipeline.token)


@pytest.fixture(scope="module")
async def shop(
    postgres: EmbeddedPostgres, template: str, temporal: Temporal, scratch: Path
) -> AsyncIterator[Shop]:
    """Both examples are published, and everything in them is unchanged."""
    http = build_client(["127.0.0.0/8"])
    async with open_pipeline(postgres.url, template) as pipeline:
        parts = Parts(database=pipeline.database, temporal=temporal, http=http, sealer=Sealer(SECRET))
        async with serving(parts) as url:
            shop = Shop(pipeline, url)
            folder = scratch / "published"
            lay_out(folder)
            await shop.push(folder)
            shutil.rmtree(folder)
            yield shop
    await http.aclose()
