import asyncio
import json
import re
import shlex
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from knockapi import AsyncKnock

from api.settings import ApiSettings
from cli.embedded.ports import LOOPBACK, answers, free_port
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.temporal import find_temporal
from cli.processes import Child, Command
from tests.builders import batch_step, in_app_step, workflow
from tests.composed import (
    OWN,
    PLAYED,
    ROOT,
    STOOD_IN,
    Composed,
    Unset,
    dynamic_config,
    image_environment,
    read_services,
    run,
)
from tests.eventually import PATIENCE_SECONDS, eventually
from worker.settings import WorkerSettings
from workflows_engine.names import SEARCH_ATTRIBUTES

LEFT_OUT = {"temporal-schema", "temporal-ui", "mailbox"}
"""Other people's programs on other people's schema: none of our promises hangs on them."""
DEMANDED = {"TOCSIN_SECRET_KEY": "nobody-guesses-this-one", "POSTGRES_PASSWORD": "letters0and1digits"}
POOLS = sum(settings.model_fields["pool_size"].default for settings in (ApiSettings, WorkerSettings))
"""Connections to Postgres: the API's and the worker's."""
KEY_COMMAND = re.compile(r"^docker compose run --rm (\w+) (tocsin keys create .*?) *#", re.MULTILINE)
PROJECT = {
    "tocsin.toml": """
        [channels.in-app]
        name = "In-app"
        type = "in_app_feed"
        provider = "in_app_feed_knock"
    """,
    "workflows/hello/workflow.json": workflow(batch_step(seconds=1), in_app_step()),
}


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """In the place of the service `postgres`: its user, its database, the settings of its command."""
    command = " ".join(read_services(DEMANDED)["postgres"]["command"])
    options = dict(re.findall(r"-c (\w+)=(\w+)", command))
    assert set(options) == {"max_connections", "autovacuum_naptime"}
    server = EmbeddedPostgres(tmp_path_factory.mktemp("own_postgres"), 0, options=options)
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def bare_temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """In the place of the service `temporal`: host:port of a server that knows none of our attributes."""
    home, port = tmp_path_factory.mktemp("bare_temporal"), free_port()
    argv = [str(find_temporal()), "server", "start-dev", "--headless", "--ip", LOOPBACK, "--port", str(port)]
    # As a server's default is, and not the development server's: what was registered is seen after a while.
    settings = {"system.forceSearchAttributesCacheRefreshOnRead": "false"} | dynamic_config()
    for key, value in settings.items():
        argv += ["--dynamic-config-value", f"{key}={value}"]
    server = Child(Command("temporal", argv), home)
    server.start()
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not answers(port):
            assert server.alive(), server.log_tail()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"{LOOPBACK}:{port}"
    finally:
        server.stop()


@pytest.fixture
async def composed(
    own_postgres: EmbeddedPostgres, bare_temporal: str, tmp_path: Path
) -> AsyncIterator[Composed]:
    password = urlsplit(own_postgres.url).password
    assert password is not None
    hosts = {"postgres:5432": f"{LOOPBACK}:{own_postgres.port}", "temporal:7233": bare_temporal}
    composed = Composed(tmp_path, DEMANDED | {"POSTGRES_PASSWORD": password}, hosts)
    yield composed
    await composed.kill()


def test_every_service_is_played_or_stood_in_for_or_left_out() -> None:
    services = set(read_services(DEMANDED))
    assert services == {*PLAYED, *STOOD_IN} | LEFT_OUT


@pytest.mark.parametrize("name", DEMANDED)
def test_what_is_demanded_and_not_given_stops_everything(name: str) -> None:
    with pytest.raises(Unset, match=name):
        read_services({key: value for key, value in DEMANDED.items() if key != name})


def test_nothing_else_is_demanded() -> None:
    services = read_services(DEMANDED)
    assert "$" not in str({key: services[key]["environment"] for key in OWN})


async def documented_keys(composed: Composed) -> dict[str, str]:
    """The first keys, made by the commands of docs/operating.md, by kind."""
    found = KEY_COMMAND.findall((ROOT / "docs" / "operating.md").read_text())
    keys = {}
    for service, command in found:
        argv = shlex.split(command)
        ended = await composed.run(service, argv)
        assert ended.code == 0, ended.stderr
        keys[argv[argv.index("--kind") + 1]] = ended.stdout.strip()
    return keys


async def push(composed: Composed, token: str) -> None:
    """`tocsin push`, on the machine of whoever holds the service token."""
    folder = composed.folder / "project"
    for path, content in PROJECT.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    environment = {
        "PATH": image_environment()["PATH"],
        "TOCSIN_URL": composed.url,
        "KNOCK_SERVICE_TOKEN": token,
    }
    ended = await run(["tocsin", "push", str(folder)], environment, composed.folder)
    assert ended.code == 0, ended.stderr


async def is_ready(composed: Composed) -> bool:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
        return (await http.get(f"{composed.url}/readyz")).status_code == 200


def connections(postgres: EmbeddedPostgres) -> int:
    """Other clients that are connected to it."""
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def feed_channel(composed: Composed, token: str) -> str:
    async with httpx.AsyncClient(
        timeout=PATIENCE_SECONDS, headers={"authorization": f"Bearer {token}"}
    ) as http:
        answer = await http.get(f"{composed.url}/v1/channels/in-app")
    return str(answer.raise_for_status().json()["id"])


async def test_the_namespace_is_made_where_there_is_none(composed: Composed) -> None:
    name = "temporal-namespace"
    elsewhere = composed.environment(name) | {"TEMPORAL_NAMESPACE": "made-by-the-script"}
    ended = await run(composed.command(name), elsewhere, composed.folder)
    assert ended.code == 0, ended.stderr
    listed = await run(["temporal", "operator", "search-attribute", "list"], elsewhere, composed.folder)
    assert set(SEARCH_ATTRIBUTES) <= set(listed.stdout.split())


@pytest.mark.timeout(600)
async def test_the_processes_serve_whoever_follows_the_documents_and_stop_in_order(
    composed: Composed, own_postgres: EmbeddedPostgres
) -> None:
    assert not await composed.is_well("api")
    assert not await composed.is_well("worker")

    await composed.up()
    assert composed.done.index("migrate") < composed.done.index("api")
    assert composed.done.index("temporal-namespace") < composed.done.index("worker")
    await eventually(lambda: is_ready(composed))
    # Nobody has asked for anything: what a burst would have to open is open.
    await eventually(lambda: asyncio.to_thread(connections, own_postgres), until=lambda many: many >= POOLS)

    keys = await documented_keys(composed)
    assert set(keys) == {"service", "secret", "public"}
    await push(composed, keys["service"])
    channel = await feed_channel(composed, keys["service"])
    async with AsyncKnock(
        api_key=keys["secret"], base_url=composed.url, max_retries=0, timeout=PATIENCE_SECONDS
    ) as knock:
        for n in range(2):
            await knock.workflows.trigger("hello", recipients=[{"id": "ada", "name": "Ada"}], data={"n": n})

        async def told() -> int:
            page = await knock.users.feeds.list_items("ada", channel)
            return sum(item.total_activities for item in page.entries)

        await eventually(told, until=lambda total: total == 2)

    # As the next `docker compose up` does.
    await composed.run_to_its_end("migrate")
    await composed.run_to_its_end("temporal-namespace")
    await composed.until_well("api")
    await composed.until_well("worker")
    assert await composed.down() == {"worker": 0, "api": 0}
