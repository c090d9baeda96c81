"""An instance on this machine: started in order, watched, stopped in the opposite order."""

import json
import shlex
import signal
import threading
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

from cli.embedded.ports import LOOPBACK, answers, demand_free
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.temporal import EmbeddedTemporal, TemporalTuning, settle_namespace
from cli.errors import CommandError
from cli.processes import Child, Command
from cli.progress import Progress
from cli.settings import UpSettings, flag_of, variable_of
from cli.state import StateFolder
from models.values.development import SERVICE_TOKEN

_READY_WITHIN = 90.0


@dataclass(frozen=True)
class Parts:
    """What runs inside an instance. Data, so that tests put small parts into the same supervision."""

    migrate: Callable[[str], None]
    seed: Callable[[str, str, int, set[int]], None]
    push: Callable[[Path, str, str], object]
    commands: Callable[[UpSettings], list[Command]]


class _Running(Protocol):
    name: str

    @property
    def log(self) -> Path: ...
    def exit_code(self) -> int | None: ...
    def log_tail(self, lines: int = ...) -> str: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class _Interrupted(Exception):
    """The person wants everything stopped."""


class _Forced(BaseException):
    """The person wants everything stopped now."""


class Instance:
    """Everything that one `tocsin up` starts. `run` returns once it is all stopped again."""

    def __init__(self, settings: UpSettings, parts: Parts, progress: Progress) -> None:
        self._settings = settings
        self._parts = parts
        self._progress = progress
        self._state = StateFolder(settings.home)
        self._stopping = threading.Event()
        self._running: list[_Running] = []

    def run(self) -> None:
        """Start, tell, watch, and on Ctrl-C or SIGTERM stop; a second Ctrl-C kills.

        Raises:
            CommandError: it could not start, or a part died; everything started is stopped again.
            SystemExit: 130, when it was forced.
        """
        with self._signals():
            try:
                try:
                    self._start()
                    self._progress.show_instance(self._settings)
                    while True:
                        self._pause(0.25)
                finally:
                    self._stop()
            except _Interrupted:
                return
            except _Forced:
                for part in reversed(self._running):
                    part.kill()
                raise SystemExit(130) from None
            finally:
                self._state.release()

    def _start(self) -> None:
        settings = self._settings
        project = Path(settings.project).resolve() if settings.project else None
        if project and not project.is_dir():
            raise CommandError(f"the project folder {project} is not there; see --project / TOCSIN_PROJECT")
        self._state.hold()
        self._end_leftovers()
        if settings.reset:
            self._state.forget()
        self._demand_ports()
        secret_key = settings.secret_key or self._state.secret_key()
        database_url = self._start_postgres()
        with self._step("Database up to date"):
            self._parts.migrate(database_url)
            smtp_port = settings.smtp_port
            self._parts.seed(database_url, secret_key, smtp_port, self._state.smtp_ports(smtp_port))
        temporal_address = self._start_temporal()
        environment = self._environment(database_url, temporal_address, secret_key)
        for command in self._parts.commands(settings):
            self._start_child(command, environment)
        with self._step("Mailbox, API and worker"):
            self._await_ready()
        if project:
            self._publish(project)

    def _publish(self, project: Path) -> None:
        """A refused push is told; what was started stays up, so that the project can be mended beside it."""
        url, token = self._settings.api_url, self._settings.knock_service_token or SERVICE_TOKEN
        try:
            with self._step(f"Project {project.name} published"):
                self._parts.push(project, url, token)
        except CommandError as error:
            again = f"tocsin push {shlex.quote(str(project))} --url {url}"
            self._progress.warn(
                f"the project {project} was not published: {error}\n"
                f"Everything else runs and stays up. To push again: {again}"
            )

    def _start_postgres(self) -> str:
        if self._settings.database_url:
            return self._settings.database_url
        home, port = self._settings.home, self._settings.postgres_port
        postgres = EmbeddedPostgres(home, port, interrupted=self._stopping)
        with self._step("Postgres"):
            self._running.append(postgres)
            postgres.start()
        return postgres.url

    def _start_temporal(self) -> str:
        settings = self._settings
        if settings.temporal_address:
            with self._step("Temporal's search attributes"):
                settle_namespace(settings.temporal_address, settings.temporal_namespace, None)
            return settings.temporal_address
        temporal = EmbeddedTemporal(
            settings.home,
            settings.temporal_port,
            settings.temporal_ui_port,
            TemporalTuning(
                settings.temporal_namespace, settings.temporal_retention_days, settings.temporal_synchronous
            ),
            interrupted=self._stopping,
        )
        with self._step("Temporal"):
            self._running.append(temporal)
            temporal.start()
        return temporal.address

    def _start_child(self, command: Command, environment: Mapping[str, str]) -> None:
        own = {**environment, **command.environment}
        child = Child(
            Command(command.name, command.argv, own, command.stop_signal, command.patience), self._state.home
        )
        self._running.append(child)
        child.start()

    def _environment(self, database_url: str, temporal_address: str, secret_key: str) -> dict[str, str]:
        settings = self._settings
        return {
            "DATABASE_URL": database_url,
            "TEMPORAL_ADDRESS": temporal_address,
            "TEMPORAL_NAMESPACE": settings.temporal_namespace,
            "TOCSIN_SECRET_KEY": secret_key,
            "TOCSIN_DEVELOPMENT": "1",
            "TOCSIN_API_HOST": LOOPBACK,
            "TOCSIN_API_PORT": str(settings.api_port),
            "TOCSIN_PUBLIC_URL": settings.public_url or settings.api_url,
            "TOCSIN_TEMPORAL_UI_URL": settings.temporal_ui,
            "TOCSIN_MAILBOX_URL": settings.mailbox_url,
            "TOCSIN_SMTP_PORT": str(settings.smtp_port),
            # What a newcomer's workflow fetches runs on the same machine.
            "TOCSIN_OUTBOUND_ALLOW": "127.0.0.0/8,::1/128",
            "PYTHONUNBUFFERED": "1",
        }

    def _end_leftovers(self) -> None:
        """End what a killed `up` of this folder left where the kernel did not; Postgres is adopted later."""
        for record in (self._state.home / "run").glob("*.json"):
            if record.stem != "postgres":
                # Nobody waits for their answers any more, and all of them survive a kill.
                Child(Command(record.stem, (), patience=3.0), self._state.home).end_leftover()

    def _demand_ports(self) -> None:
        """Every port of ours is free and none is given twice, before anything has been started."""
        taken: dict[int, str] = {}
        for setting, port in self._settings.ports().items():
            if port in taken:
                raise CommandError(
                    f"port {port} is given twice: {flag_of(taken[port])} and {flag_of(setting)}"
                )
            taken[port] = setting
            ours = setting == "postgres_port" and EmbeddedPostgres(self._settings.home, 0).serves(port)
            if not ours:
                demand_free(port, flag_of(setting), variable_of(setting))

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _READY_WITHIN
        url = f"{self._settings.api_url}/readyz"
        while True:
            missing = _not_ready(url)
            if not missing and answers(self._settings.mailbox_port):
                return
            if time.monotonic() > deadline:
                missing = missing or "the mailbox does not answer"
                raise CommandError(
                    f"it is still not ready after {_READY_WITHIN:.0f} s: {missing}. "
                    f"The logs are in {self._state.home / 'logs'}"
                )
            self._pause(0.1)

    def _pause(self, seconds: float) -> None:
        """Wait a little, unless there is a reason not to: a wish to stop, or a dead part."""
        if self._stopping.wait(seconds):
            raise _Interrupted
        for part in self._running:
            if (code := part.exit_code()) is not None:
                told = f"The end of its log:\n{part.log_tail()}\n" if part.log_tail() else ""
                raise CommandError(
                    f"{part.name} ended by itself ({_describe(code)}), so everything else is stopped. "
                    f"{told}The whole log is {part.log}"
                )

    @contextmanager
    def _step(self, doing: str) -> Iterator[None]:
        """One line of progress; whatever goes wrong inside is told in a paragraph, its traceback kept."""
        if self._stopping.is_set():
            raise _Interrupted
        try:
            with self._progress.step(doing):
                yield
        except _Interrupted:
            raise
        except CommandError as error:
            if self._stopping.is_set():
                raise _Interrupted from error
            raise
        except Exception as error:
            log = self._state.home / "logs" / "up.log"
            log.parent.mkdir(exist_ok=True)
            with log.open("a") as file:
                traceback.print_exc(file=file)
            reason = (str(error).strip() or repr(error)).splitlines()[0]
            raise CommandError(f"“{doing}” failed: {reason}. The details are in {log}") from error

    def _stop(self) -> None:
        if self._running:
            self._progress.say("Stopping …")
        while self._running:
            self._running[-1].stop()
            self._running.pop()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def heard(number: int, frame: FrameType | None) -> None:
            if self._stopping.is_set() and number == signal.SIGINT:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                raise _Forced
            self._stopping.set()

        watched = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
            watched.append(signal.SIGHUP)
        before = [signal.signal(number, heard) for number in watched]
        try:
            yield
        finally:
            for number, handler in zip(watched, before, strict=True):
                signal.signal(number, handler)


def _describe(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _not_ready(url: str) -> str:
    """What is missing, in the API's own words; empty when nothing is."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            answered = error.read(2000).decode(errors="replace")
        try:
            return "; ".join(json.loads(answered)["missing"])
        except (ValueError, KeyError, TypeError):
            return f"{url} answers {error.code}: {answered}"
    except OSError:
        return "the API does not answer"
