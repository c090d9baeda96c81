"""Starting a small instance as a program of its own, and waiting for what it does."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from cli.embedded.ports import free_port
from cli.embedded.postgres import EmbeddedPostgres

PORTS = ("api", "postgres", "temporal", "temporal-ui", "smtp", "mailbox")


class SmallInstance:
    """One `tocsin up` with small parts, on ports of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.project = ""
        self.said = ""
        self.ports = {name: free_port() for name in PORTS}
        self._process: subprocess.Popen[str] | None = None

    def arguments(self) -> list[str]:
        ports = [word for name, port in self.ports.items() for word in (f"--{name}-port", str(port))]
        return ["--home", str(self.home), "--project", self.project, *ports]

    def start(self, *more: str) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.small_instance", *self.arguments(), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self._process

    def start_and_await(self, *more: str) -> subprocess.Popen[str]:
        process = self.start(*more)
        assert process.stdout
        for line in process.stdout:
            self.said += line
            if "Ctrl-C stops everything" in line:
                return process
        raise AssertionError(process.communicate()[1])

    def processes(self) -> list[psutil.Process]:
        """Everything that runs for this instance, below it or left behind by it."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def remove(self) -> None:
        for process in self.processes():
            process.kill()
        if self._process:
            self._process.communicate()
        EmbeddedPostgres(self.home, 0).remove()

    def _is_ours(self, process: psutil.Process) -> bool:
        marks = (str(self.home), *(str(port) for port in self.ports.values()))
        try:
            words = process.cmdline()
            return process.pid != psutil.Process().pid and any(
                mark in word for word in words for mark in marks
            )
        except psutil.Error:
            return False


@contextmanager
def small_instance(home: Path) -> Iterator[SmallInstance]:
    instance = SmallInstance(home)
    try:
        yield instance
    finally:
        instance.remove()


def soon(holds: Callable[[], bool], within: float = 10.0) -> bool:
    """Whether it comes to hold before the deadline."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False
