"""Many people at once on one account: what they do, at random times, through several API processes."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from api.app import create_app
from api.settings import ApiSettings
from models.database import Database
from tests.builders import in_app_step, workflow
from tests.houses import SECRET
from tests.pipelines import ORIGIN, Pipeline

KEYS = ("one", "two", "three")
BRANCHES = ("mine", "yours")
LONGEST_GAP_SECONDS = 0.15


@asynccontextmanager
async def doors_of(pipeline: Pipeline, count: int) -> AsyncIterator[list[httpx.AsyncClient]]:
    """As many APIs, each with a pool of its own, on the account's one database."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(_door(pipeline)) for _ in range(count)]


@asynccontextmanager
async def _door(pipeline: Pipeline) -> AsyncIterator[httpx.AsyncClient]:
    database = Database(pipeline.database.url, patience_seconds=30)
    await database.open()
    app = create_app(
        ApiSettings(database_url=pipeline.database.url, secret_key=SECRET), database=database, temporal=None
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
        base_url=ORIGIN,
        headers={"authorization": f"Bearer {pipeline.token}"},
        timeout=60,
    ) as http:
        yield http
    await database.close()


@dataclass
class Writers:
    """Each act is one request by somebody; `published` gathers the texts of commits that were accepted."""

    doors: list[httpx.AsyncClient]
    dice: random.Random
    published: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By text: the slug of the environment or branch, and the key."""
    answers: list[tuple[str, httpx.Response]] = field(default_factory=list)
    _written: int = 0

    async def all_at_once(self, given: Sequence[Callable[[], Awaitable[None]]]) -> None:
        """Begun in a random order with random gaps."""
        acts = self.dice.sample(given, len(given))
        gaps = [self.dice.uniform(0, LONGEST_GAP_SECONDS) for _ in acts]

        async def later(act: Callable[[], Awaitable[None]], gap: float) -> None:
            await asyncio.sleep(gap)
            await act()

        await asyncio.gather(*(later(act, gap) for act, gap in zip(acts, gaps, strict=True)))

    async def push(self) -> None:
        keys = self.dice.sample(KEYS, 2)
        texts = [self._text() for _ in keys]
        resources = [
            {"type": "workflow", "key": key, "content": _workflow(text)}
            for key, text in zip(keys, texts, strict=True)
        ]
        # A partial that is never the same, and in no order: locks are taken row by row.
        resources.insert(1, {"type": "partial", "key": "part", "content": _partial(self._text())})
        answer = await self._call("PUT", "/v1/tocsin/content", {"resources": resources, "commit": True})
        if answer.status_code == 200:
            self.published |= {text: ("development", key) for text, key in zip(texts, keys, strict=True)}

    async def upsert(self) -> None:
        await self._upsert("development")

    async def upsert_on_a_branch(self) -> None:
        await self._upsert(self.dice.choice(BRANCHES))

    async def hotfix(self) -> None:
        await self._upsert("production")

    async def save(self) -> None:
        key = self.dice.choice(KEYS)
        await self._call("PUT", f"/v1/workflows/{key}", {"workflow": _workflow(self._text())})

    async def discard(self) -> None:
        await self._call("DELETE", f"/v1/tocsin/drafts/workflow/{self.dice.choice(KEYS)}")

    async def commit_all(self) -> None:
        await self._call("PUT", "/v1/commits")

    async def promote_all(self) -> None:
        await self._call("PUT", "/v1/commits/promote", to_environment=self._later_environment())

    async def promote_one(self) -> None:
        commit = await self._some_commit()
        if commit:
            await self._call("PUT", f"/v1/commits/{commit}/promote")

    async def merge(self) -> None:
        branch = self.dice.choice(BRANCHES)
        await self._call("PUT", "/v1/commits/promote", to_environment="development", branch=branch)

    async def rebase(self) -> None:
        await self._call("PUT", f"/v1/branches/{self.dice.choice(BRANCHES)}/rebase")

    async def revert(self) -> None:
        commit = await self._some_commit()
        if commit:
            await self._call("PUT", f"/v1/tocsin/commits/{commit}/revert")

    async def archive(self) -> None:
        await self._call("DELETE", f"/v1/tocsin/content/workflow/{self.dice.choice(KEYS)}")

    async def switch(self) -> None:
        body = {"status": self.dice.random() < 0.5}
        await self._call("PUT", f"/v1/workflows/{self.dice.choice(KEYS)}/activate", body)

    async def new_branch(self) -> None:
        await self._call("POST", f"/v1/branches/extra-{self._text()}")

    async def new_environment(self) -> None:
        body = {"name": "More", "before": "production"}
        await self._call("PUT", f"/v1/tocsin/environments/{self._text()}", body)

    async def _upsert(self, slug: str) -> None:
        key, text = self.dice.choice(KEYS), self._text()
        at = {"branch": slug} if slug in BRANCHES else {"environment": slug}
        answer = await self._call(
            "PUT", f"/v1/workflows/{key}", {"workflow": _workflow(text)}, commit="true", force="true", **at
        )
        if answer.status_code == 200:
            self.published[text] = (slug, key)

    async def _some_commit(self) -> str | None:
        at = self.dice.choice([{}, {"environment": "staging"}, {"branch": self.dice.choice(BRANCHES)}])
        entries = (await self._call("GET", "/v1/commits", **at)).json().get("entries")
        return self.dice.choice(entries)["id"] if entries else None

    def _later_environment(self) -> str:
        return self.dice.choice(("staging", "production"))

    def _text(self) -> str:
        self._written += 1
        return f"text-{self._written}"

    async def _call(self, method: str, path: str, body: Any = None, **query: str) -> httpx.Response:
        params = {"environment": "development", **query}
        answer = await self.dice.choice(self.doors).request(method, path, json=body, params=params)
        self.answers.append((f"{method} {path} {params}", answer))
        return answer


def _workflow(text: str) -> dict[str, Any]:
    return workflow(in_app_step(body=text))


def _partial(text: str) -> dict[str, Any]:
    return {"type": "html", "name": "Part", "content": text}
