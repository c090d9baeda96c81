"""An instance of its own for a benchmark: `tocsin up` on free ports, Postgres counting its statements."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

import httpx
import psutil
import psycopg

from cli.embedded.ports import free_port
from cli.embedded.postgres import EmbeddedPostgres
from models.values.development import FEED_CHANNEL_ID, SECRET_KEY, SERVICE_TOKEN

COUNTING = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "5000",
    # So that a row tells when it could be read: nobody has to ask for it while we measure.
    "track_commit_timestamp": "on",
}
ROLES = {"worker": "-m worker", "api": "-m api", "temporal": "start-dev", "mailbox": "cli mailbox"}
"""What tells our processes apart on their command line."""


class Memory(NamedTuple):
    """Of all processes of a role: with shared pages counted once over all who share them, and without any."""

    megabytes: float
    own: float


@dataclass(frozen=True)
class Instance:
    """Where it listens, and its processes by role."""

    url: str
    temporal_address: str
    database_url: str
    mailbox_url: str
    up: psutil.Process
    postgres: psutil.Process

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {SECRET_KEY}", "content-type": "application/json"}

    def processes(self) -> dict[str, list[psutil.Process]]:
        """Everything that works for the instance; Postgres with its backends."""
        found: dict[str, list[psutil.Process]] = {"up": [self.up]}
        for process in self.up.children(recursive=True):
            line = " ".join(process.cmdline())
            for role, mark in ROLES.items():
                if mark in line:
                    found.setdefault(role, []).append(process)
        found["postgres"] = [self.postgres, *self.postgres.children(recursive=True)]
        return found

    def cpu_seconds(self) -> dict[str, float]:
        """By role, backends that ended included."""
        return {role: sum(map(seconds_of, processes)) for role, processes in self.processes().items()}

    def memory(self) -> dict[str, Memory]:
        """By role."""
        return {role: _memory_of(processes) for role, processes in self.processes().items()}

    def statements(self) -> int:
        """SQL statements so far, transaction control included."""
        return int(self.rows("SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements")[0][0])

    def written_bytes(self) -> int:
        """Bytes of write-ahead log so far."""
        return int(self.rows("SELECT pg_current_wal_insert_lsn() - '0/0'")[0][0])

    def rows(self, sql: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """What a query answers, on a connection of its own."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(sql, values).fetchall()

    def publish(self, key: str, *steps: dict[str, object], categories: Sequence[str] = ()) -> None:
        answer = httpx.put(
            f"{self.url}/v1/workflows/{key}",
            params={"environment": "development", "commit": "true"},
            headers={"authorization": f"Bearer {SERVICE_TOKEN}"},
            json={"workflow": {"name": key, "steps": list(steps), "categories": list(categories)}},
        )
        answer.raise_for_status()

    def feed(self, user: str) -> str:
        return f"{self.url}/v1/users/{user}/feeds/{FEED_CHANNEL_ID}"


def seconds_of(process: psutil.Process) -> float:
    """CPU seconds of a process so far, its ended children's included; none of one that is gone."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    # A postmaster's dead backends are in its children's times; live ones are listed by themselves.
    return float(times.user + times.system + times.children_user + times.children_system)


def _memory_of(processes: Sequence[psutil.Process]) -> Memory:
    megabytes = own = 0.0
    for process in processes:
        # Postgres' helpers come and go: one that is gone has none.
        with suppress(psutil.NoSuchProcess):
            seen = process.memory_full_info()
            megabytes, own = megabytes + seen.pss / 2**20, own + seen.uss / 2**20
    return Memory(round(megabytes, 1), round(own, 1))


@contextmanager
def running() -> Iterator[Instance]:
    """Start it, wait until it is ready, and stop everything in the end."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        postgres = EmbeddedPostgres(Path(folder) / "postgres", 0, options=COUNTING)
        postgres.start()
        try:
            with psycopg.connect(postgres.url, autocommit=True) as connection:
                connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            with _up(Path(folder), postgres) as instance:
                yield instance
        finally:
            postgres.remove()


@contextmanager
def _up(folder: Path, postgres: EmbeddedPostgres) -> Iterator[Instance]:
    names = ("api", "temporal", "temporal_ui", "smtp", "mailbox")
    ports = {name: free_port() for name in names}
    environment = {
        **os.environ,
        "DATABASE_URL": postgres.url,
        "TOCSIN_HOME": str(folder / "home"),
        "TOCSIN_PROJECT": "",
        **{f"TOCSIN_{name.upper()}_PORT": str(port) for name, port in ports.items()},
    }
    with (folder / "up.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "up"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{ports['api']}"
    try:
        _await(url, process, folder / "up.log")
        yield Instance(
            url=url,
            temporal_address=f"127.0.0.1:{ports['temporal']}",
            database_url=postgres.url,
            mailbox_url=f"http://127.0.0.1:{ports['mailbox']}",
            up=psutil.Process(process.pid),
            postgres=psutil.Process(postgres.pid),
        )
    finally:
        process.terminate()
        process.wait(60)


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"the instance did not start:\n{log.read_text()}")


def in_app_step() -> dict[str, object]:
    return {
        "type": "channel",
        "ref": "in_app_1",
        "channel_type": "in_app_feed",
        "channel_key": "in-app",
        "template": {"markdown_body": "Hello {{ recipient.id }}, {{ data.number }}"},
    }


def email_step() -> dict[str, object]:
    return {
        "type": "channel",
        "ref": "email_1",
        "channel_type": "email",
        "channel_key": "email",
        "template": {"subject": "Hello", "html_body": "<p>{{ data.number }}</p>"},
    }


def printed(figures: dict[str, object]) -> str:
    return json.dumps(figures, indent=2, default=str)
