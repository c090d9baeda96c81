"""The stack as separate processes that can be killed and started again, one by one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from cli.embedded.ports import free_port
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.temporal import EmbeddedTemporal
from cli.push import push
from cli.seeding import seed_development
from models.migrations import upgrade
from models.values.development import SERVICE_TOKEN

SECRET = "a secret for fault trials only"


@dataclass
class Stack:
    """Everything `tocsin up` runs, without its supervision: here a dead process stays dead until we say."""

    folder: Path
    postgres_options: Mapping[str, str] = field(default_factory=dict)
    postgres: EmbeddedPostgres = field(init=False)
    temporal: EmbeddedTemporal = field(init=False)
    api_port: int = field(default_factory=free_port)
    second_api_port: int = field(default_factory=free_port)
    smtp_port: int = field(default_factory=free_port)
    mailbox_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    code: Path | None = None
    """Where the product's packages lie that are run; by default, here."""
    settings: dict[str, str] = field(default_factory=dict)
    """Variables that processes are started with besides."""
    disk: Path | None = None
    """Where Postgres and Temporal keep their data; by default in `folder`, with everything else."""
    mail: str = "mailbox"
    """What takes mails: `mailbox`, or `sink`, which remembers every one of them in `mails`."""

    def __post_init__(self) -> None:
        options = self.postgres_options
        disk = self.disk or self.folder
        self.postgres = EmbeddedPostgres(disk / "postgres", free_port(), options=options)
        self.temporal = EmbeddedTemporal(disk / "temporal", free_port(), None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def second_url(self) -> str:
        """Another API process on the same database and Temporal, once `second_api` was spawned."""
        return f"http://127.0.0.1:{self.second_api_port}"

    @property
    def mailbox_url(self) -> str:
        return f"http://127.0.0.1:{self.mailbox_port}"

    @property
    def mails(self) -> Path:
        """A line of JSON for each mail that the sink took."""
        return self.folder / "mails.jsonl"

    def start(self, project: Path) -> None:
        self.postgres.start()
        upgrade(self.postgres.url)
        seed_development(self.postgres.url, SECRET, self.smtp_port)
        self.temporal.start()
        self.spawn(self.mail)
        self.spawn("api")
        self.spawn("worker")
        self.await_ready()
        push(project, self.url, SERVICE_TOKEN)

    def spawn(self, name: str) -> None:
        """Start one of our own processes; its output goes to a file beside the others'."""
        arguments = {
            "api": ["-m", "api"],
            "second_api": ["-m", "api"],
            "worker": ["-m", "worker"],
            "second_worker": ["-m", "worker"],
            "sink": ["-m", "tests.faults.chaos.sink", str(self.smtp_port), str(self.mails)],
            "mailbox": [
                "-m",
                "cli",
                "mailbox",
                "--home",
                str(self.folder / "mail"),
                "--smtp-port",
                str(self.smtp_port),
                "--mailbox-port",
                str(self.mailbox_port),
            ],
        }[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                env=self.environment(name),
                stdout=log,
                stderr=log,
                cwd=self.code,
            )

    def end(self, name: str) -> None:
        """Ask a process to stop, as an upgrade does, and wait until it has."""
        if name in self.servers:
            self.servers[name].stop()
            return
        process = self.processes.pop(name)
        process.terminate()
        process.wait(60)

    def environment(self, name: str) -> dict[str, str]:
        """What a process of that name is started with."""
        api_port = self.second_api_port if name == "second_api" else self.api_port
        return {
            **os.environ,
            "DATABASE_URL": self.postgres.url,
            "TEMPORAL_ADDRESS": self.temporal.address,
            "TOCSIN_SECRET_KEY": SECRET,
            "TOCSIN_DEVELOPMENT": "1",
            "TOCSIN_API_PORT": str(api_port),
            "TOCSIN_OUTBOUND_ALLOW": "127.0.0.0/8",
            **self.settings,
        }

    def kill(self, name: str) -> None:
        """Kill -9, as the kernel does when memory runs out."""
        if name in self.servers:
            self.servers[name].kill()
        else:
            self.processes[name].kill()
            self.processes[name].wait()

    def revive(self, name: str) -> None:
        if name in self.servers:
            self.servers[name].start()
        else:
            self.spawn(name)

    def freeze(self, name: str) -> None:
        """SIGSTOP to a process and all its children: it keeps its connections and answers nothing."""
        for process in self._family(name):
            _signal(process, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let what was frozen go on."""
        for process in self._family(name):
            _signal(process, signal.SIGCONT)

    def ended(self) -> list[tuple[str, int]]:
        """Our own processes that ended though nobody told them to, and their exit codes."""
        codes = [(name, process.poll()) for name, process in self.processes.items()]
        return [(name, code) for name, code in codes if code is not None]

    @property
    def servers(self) -> dict[str, EmbeddedPostgres | EmbeddedTemporal]:
        return {"postgres": self.postgres, "temporal": self.temporal}

    def _family(self, name: str) -> list[psutil.Process]:
        pid = self.servers[name].pid if name in self.servers else self.processes[name].pid
        try:
            parent = psutil.Process(pid)
            return [parent, *parent.children(recursive=True)]
        except (psutil.NoSuchProcess, ValueError):
            return []

    def await_ready(self, seconds: float = 120, url: str | None = None) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{url or self.url}/readyz", timeout=5).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError("the stack is not ready")

    def stop(self) -> None:
        for name in (*self.servers, *self.processes):
            self.thaw(name)
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.temporal.stop()
        self.postgres.remove()


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    """A child may have ended since it was listed."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
