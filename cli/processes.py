"""Child processes: a log file each, tied to their parent's life, ended with patience."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cli.errors import CommandError

_PR_SET_PDEATHSIG = 1
_KEEP_LOG_BYTES = 5_000_000


@dataclass(frozen=True)
class Account:
    """Whom a child runs as when we are root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """A program to keep running: pure data, so that tests run small ones."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 15.0
    account: Account | None = None


class Child:
    """One running command. Its log and its record lie in `home`: logs/<name>.log, run/<name>.json.

    The child leads a session of its own, so Ctrl-C in the terminal reaches only us, and we stop the
    children in their order. Where the kernel allows it (Linux) the child gets its stop signal when
    we are killed; elsewhere the record lets our next start end it.
    """

    def __init__(self, command: Command, home: Path) -> None:
        self.command = command
        self.name = command.name
        self.log = home / "logs" / f"{command.name}.log"
        self._record = home / "run" / f"{command.name}.json"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """End an earlier process of this name, ours or what a killed owner left, then start.

        Raises:
            CommandError: the program cannot be started at all.
        """
        self.stop()
        self.end_leftover()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._record.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _KEEP_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._process = _spawn(self.command, log.fileno())
        made = psutil.Process(self._process.pid).create_time()
        self._record.write_text(json.dumps({"pid": self._process.pid, "created": made}))

    @property
    def pid(self) -> int:
        """The process id; -1 before the start."""
        return self._process.pid if self._process else -1

    def exit_code(self) -> int | None:
        """None while the child lives; negative for a signal, as in subprocess."""
        return self._process.poll() if self._process else None

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask the child to end, wait its patience, then kill it and whatever it started."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(self.command.stop_signal)
            try:
                self._process.wait(self.command.patience)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End the child and whatever it started at once."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the child's log."""
        return tail(self.log, lines)

    def end_leftover(self) -> None:
        """End the process that a killed owner of this home started under this name, if it still runs."""
        try:
            record = json.loads(self._record.read_text())
            process = psutil.Process(record["pid"])
            if abs(process.create_time() - record["created"]) > 0.1:
                return  # The id has been given to somebody else since.
            process.send_signal(self.command.stop_signal)
            try:
                process.wait(self.command.patience)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(self.command.patience)
        except (FileNotFoundError, ValueError, KeyError, psutil.NoSuchProcess):
            return  # Nothing was left, or no longer.
        finally:
            self._record.unlink(missing_ok=True)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a text file; empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 20_000))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def run_as(account: Account | None, argv: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a short program to its end under an account; its exit code and everything it printed."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={**os.environ, **environment},
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            check=False,
        )
    except OSError as error:
        return 126, str(error)
    return done.returncode, done.stdout.decode(errors="replace")


def _spawn(command: Command, output: int) -> subprocess.Popen[bytes]:
    account = command.account
    try:
        return subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/" if account else None,
            env={**os.environ, **command.environment},
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            umask=0o077,  # What a development instance writes is nobody else's.
            preexec_fn=_tie_to_parent(command.stop_signal),
        )
    except OSError as error:
        raise CommandError(f"{command.name} cannot be started: {error}") from error


def _tie_to_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """What makes the kernel signal the child when we die; nothing where no kernel call does that.

    The kernel counts the death of the starting *thread*, so only the main thread may tie. It runs
    after the account has changed, which would clear it.
    """
    if not sys.platform.startswith("linux") or threading.current_thread() is not threading.main_thread():
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # The parent died between the fork and the call.

    return tie
