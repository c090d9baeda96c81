"""An account of its own, with development, staging and production, spoken to through the management API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from api.app import create_app
from api.settings import ApiSettings
from cli.credentials import connected, ensure_environments, store_key
from models.database import Database
from models.ids import new_uuid
from models.migrations import upgrade
from models.tables.keys import new_key
from models.values.kinds import KeyKind
from tests.builders import in_app_step, workflow
from tests.houses import SECRET

ORIGIN = "http://tocsin.test"
Json = dict[str, Any]


def make_template(server_url: str) -> str:
    """The name of a migrated database that nobody is connected to; copies of it cost little."""
    name = f"template_{uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    upgrade(_url(server_url, name))
    return name


class Pipeline:
    """One account. Every call names its environment; answers that were not expected fail the test."""

    def __init__(self, database: Database, http: httpx.AsyncClient, token: str, keys: dict[str, str]) -> None:
        self.database = database
        self.http = http
        self.token = token
        self.secret_keys = keys

    async def call(
        self, method: str, path: str, body: Any = None, environment: str = "development", **query: Any
    ) -> httpx.Response:
        params = {"environment": environment, **{key: str(value) for key, value in query.items()}}
        return await self.http.request(method, path, json=body, params=params)

    async def get(self, path: str, environment: str = "development", **query: Any) -> Any:
        answer = await self.call("GET", path, None, environment, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def put(self, path: str, body: Any = None, environment: str = "development", **query: Any) -> Any:
        answer = await self.call("PUT", path, body, environment, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, body: Any = None, **query: Any) -> Json:
        answer = await self.call(method, path, body, **query)
        told: Json = answer.json()
        assert told.keys() >= {"code", "message", "status", "type"}
        assert told["status"] == answer.status_code >= 400
        return told

    async def save(self, key: str, text: str, **query: Any) -> Json:
        """Keep a workflow whose one message says `text`."""
        body = {"workflow": workflow(in_app_step(body=text))}
        saved: Json = (await self.put(f"/v1/workflows/{key}", body, **query))["workflow"]
        return saved

    async def commit(self, key: str, text: str, **query: Any) -> Json:
        return await self.save(key, text, commit="true", **query)

    async def text(self, key: str, environment: str = "development", **query: Any) -> str | None:
        """What the workflow of this key says there, published; None where there is none."""
        answer = await self.call(
            "GET", f"/v1/workflows/{key}", None, environment, hide_uncommitted_changes="true", **query
        )
        if answer.status_code == 404:
            return None
        body: str = answer.json()["steps"][0]["template"]["markdown_body"]
        return body

    async def log(self, environment: str = "development", **query: Any) -> list[Json]:
        entries: list[Json] = (await self.get("/v1/commits", environment, **query))["entries"]
        return entries

    async def promote(self, to: str, **query: Any) -> list[str]:
        promoted: list[str] = (await self.put("/v1/commits/promote", to_environment=to, **query))["promoted"]
        return promoted

    async def rows(self, sql: str, *values: Any) -> list[Json]:
        async with self.database.connection() as connection:
            cursor = await connection.execute(sql, values)
            found: list[Json] = await cursor.fetchall()
        return found


@asynccontextmanager
async def open_pipeline(server_url: str, template: str, *, staging: bool = False) -> AsyncIterator[Pipeline]:
    """A fresh account; with `staging` between development and production."""
    name = f"pipeline_{uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    url = _url(server_url, name)
    token, keys = _furnish(url, staging=staging)
    database = Database(url)
    await database.open()
    app = create_app(ApiSettings(database_url=url, secret_key=SECRET), database=database)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers, timeout=60) as http:
        yield Pipeline(database, http, token, keys)
    await database.close()


def _furnish(url: str, *, staging: bool) -> tuple[str, dict[str, str]]:
    token = new_key(KeyKind.SERVICE)
    keys = {}
    with connected(url) as connection:
        environments = ensure_environments(connection)
        if staging:
            connection.execute("UPDATE environments SET position = position + 10 WHERE slug = 'production'")
            environments["staging"] = new_uuid()
            connection.execute(
                """
                INSERT INTO environments (id, slug, name, position, inserted_at)
                VALUES (%s, 'staging', 'Staging', 5, now())
                """,
                (environments["staging"],),
            )
        store_key(connection, token, KeyKind.SERVICE, None, SECRET)
        for slug, environment_id in environments.items():
            keys[slug] = new_key(KeyKind.SECRET)
            store_key(connection, keys[slug], KeyKind.SECRET, environment_id, SECRET)
        connection.execute(
            """
            INSERT INTO channels (id, key, name, type, provider, inserted_at, updated_at)
            VALUES (%s, 'in-app', 'In-app', 'in_app_feed', 'in_app_feed_knock', now(), now())
            """,
            (new_uuid(),),
        )
    return token, keys


def _url(server_url: str, name: str) -> str:
    return server_url.rsplit("/", 1)[0] + f"/{name}"
