"""A Postgres server of our own: started, adopted or recovered on one data folder, and stopped."""

import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from cli.embedded.ports import LOOPBACK, demand_free, free_port
from cli.embedded.postgres_place import PostgresPlace, find_place, recorded_root, remove_place
from cli.errors import CommandError
from cli.processes import Child, Command, run_as, tail

_USER = "tocsin"
_DATABASE = "tocsin"
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # TCP only: a socket's path would be too long below a deep clone.
    "max_connections": "200",  # API, worker, and a suite's many pools.
    "shared_buffers": "64MB",  # A laptop's share; the kernel's cache does the rest.
    "max_wal_size": "256MB",
    "wal_level": "minimal",  # Nobody replicates a development server.
    "max_wal_senders": "0",
    "synchronous_commit": "on",  # An answered trigger is on the disk.
    # A fresh database fills within seconds; until statistics are there, plans are made for empty tables.
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# On macOS a server without it refuses to start when the system's locale library makes threads.
_ENVIRONMENT = {"LC_ALL": "C"}
# What the log says while the children of a killed postmaster are still on their way out.
_PASSING = ("postmaster.pid", "shared memory")


class EmbeddedPostgres:
    """A server on 127.0.0.1, by password, with an empty database `tocsin` the first time.

    Data and password lie in `home` (or, for root, where `home`/postgres.place says). Port 0 takes a
    free one at each cold start. `options` are server settings that win over ours.
    """

    def __init__(
        self,
        home: Path,
        port: int,
        *,
        options: Mapping[str, str] | None = None,
        interrupted: threading.Event | None = None,
    ) -> None:
        self.home = home.resolve()
        self.port = port
        self.name = "postgres"
        self._wanted = port
        self._options = {**_SETTINGS, **(options or {})}
        self._interrupted = interrupted or threading.Event()
        self._child: Child | None = None
        self._adopted: psutil.Process | None = None

    @property
    def url(self) -> str:
        """postgresql://user:password@127.0.0.1:port/tocsin; only once started."""
        return self._url(_DATABASE)

    @property
    def pid(self) -> int:
        """The postmaster's process id; -1 before the start."""
        if self._adopted:
            return self._adopted.pid
        return self._child.pid if self._child else -1

    @property
    def log(self) -> Path:
        return self.home / "logs" / "postgres.log"

    def start(self, patience: float = 60.0) -> None:
        """Adopt the server that already runs on this data, or start one, and make the database.

        Raises:
            CommandError: the port is taken, the data folder is broken, or there are no binaries.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        place = find_place(self.home)
        deadline = time.monotonic() + patience
        while not (self._adopt(place) or self._launch(place)):
            if time.monotonic() > deadline or self._interrupted.wait(0.2):
                raise self._broken(place)
        self._make_database(place)

    def alive(self) -> bool:
        if self._adopted:
            return self._adopted.is_running() and self._adopted.status() != psutil.STATUS_ZOMBIE
        return self._child is not None and self._child.alive()

    def exit_code(self) -> int | None:
        """None while it lives; of an adopted server only the death is known: 1."""
        if self._adopted:
            return None if self.alive() else 1
        return self._child.exit_code() if self._child else None

    def log_tail(self, lines: int = 15) -> str:
        return tail(self.log, lines)

    def stop(self) -> None:
        """Shut the server down: open connections are closed, everything committed is on the disk."""
        if self._adopted:
            _end(self._adopted)
            self._adopted = None
        if self._child:
            self._child.stop()
            self._child = None

    def kill(self) -> None:
        """End the server at once; the next start recovers from its log."""
        if self._adopted and self.alive():
            self._adopted.kill()
        if self._child:
            self._child.kill()

    def remove(self) -> None:
        """Stop the server, also one that a dead owner left, and forget its data and password."""
        if running := _postmaster(recorded_root(self.home) / "data"):
            _end(running[0])
        self.stop()
        remove_place(self.home)
        (self.home / "postgres.password").unlink(missing_ok=True)

    def serves(self, port: int) -> bool:
        """Whether a server on this data already listens on this port (a dead owner's)."""
        running = _postmaster(recorded_root(self.home) / "data")
        return running is not None and running[1] == port

    def _url(self, database: str) -> str:
        return f"postgresql://{_USER}:{self._password()}@{LOOPBACK}:{self.port}/{database}"

    def _password(self) -> str:
        file = self.home / "postgres.password"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(24))
        return file.read_text().strip()

    def _make_data(self, place: PostgresPlace) -> None:
        if place.data.exists():
            if not (place.data / "PG_VERSION").exists():
                raise self._broken(place)
            return
        # Made beside and renamed when whole: one killed in between leaves nothing half-made.
        unfinished = place.root / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=place.root) as password:
            password.write(self._password())
            password.flush()
            if place.account:
                shutil.chown(unfinished, place.account.uid, place.account.gid)
                shutil.chown(password.name, place.account.uid, place.account.gid)
            arguments = [
                "-D",
                str(unfinished),
                "-U",
                _USER,
                f"--pwfile={password.name}",
                "--auth=scram-sha-256",
            ]
            # The built-in locale sorts alike on every system and needs none to be installed.
            locale = [
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--encoding=UTF8",
            ]
            initdb = str(place.binaries / "initdb")
            code, printed = run_as(place.account, [initdb, *arguments, *locale], _ENVIRONMENT)
        if code:
            raise CommandError(
                f"Postgres could not make its data folder {place.data}: {printed.strip()[-600:]}"
            )
        unfinished.rename(place.data)

    def _adopt(self, place: PostgresPlace) -> bool:
        running = _postmaster(place.data)
        if running is None:
            return False
        process, port, ready = running
        if self._wanted not in (0, port):
            _end(process)  # Ours, but where nobody asks for it any more.
            return False
        self.port = port
        if not (ready and self._accepts()):
            return False
        self._adopted = process
        return True

    def _launch(self, place: PostgresPlace) -> bool:
        """Start the server and wait until it is ready; False when a predecessor is still on its way out."""
        if _postmaster(place.data) is not None:
            return False
        self.port = self._wanted or free_port()
        demand_free(self.port, "--postgres-port", "TOCSIN_POSTGRES_PORT")
        self._make_data(place)
        options = {**self._options, "port": str(self.port)}
        flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        argv = [str(place.binaries / "postgres"), "-D", str(place.data), *flags]
        # SIGINT is Postgres' "fast" shutdown: SIGTERM would wait for every client to leave.
        if self._child:
            self._child.stop()
        self._child = Child(
            Command("postgres", argv, _ENVIRONMENT, signal.SIGINT, 30.0, place.account), self.home
        )
        written = self.log.stat().st_size if self.log.exists() else 0
        self._child.start()
        while self._child.alive():
            running = _postmaster(place.data)
            if running and running[0].pid == self._child.pid and running[2] and self._accepts():
                return True
            if self._interrupted.wait(0.03):
                self._child.stop()
                return False
        with self.log.open("rb") as log:
            log.seek(written)
            if not any(reason in log.read().decode(errors="replace") for reason in _PASSING):
                raise self._broken(place)
        return False

    def _accepts(self) -> bool:
        try:
            psycopg.connect(self._url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise CommandError(
                    f"the password in {self.home / 'postgres.password'} is not the one of its data; "
                    "restore that file, or forget the data with `tocsin up --reset`"
                ) from error
            return False
        return True

    def _make_database(self, place: PostgresPlace) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_database where datname = %s", [_DATABASE]).fetchone():
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(_DATABASE)))

    def _broken(self, place: PostgresPlace) -> CommandError:
        told = self.log_tail(6)
        return CommandError(
            f"Postgres does not start on its data folder {place.data}. "
            + (f"The end of its log, {self.log}:\n{told}\n" if told else "The folder is not whole. ")
            + "If what it holds may go, forget it with `tocsin up --reset`; otherwise restore that folder."
        )


def _postmaster(data: Path) -> tuple[psutil.Process, int, bool] | None:
    """The live server on this data: its process, its port, whether it is ready. Clears a stale record."""
    file = data / "postmaster.pid"
    try:
        lines = file.read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        if str(data) not in process.cmdline():
            # A number given to somebody else since (a restarted container): Postgres would refuse for ever.
            file.unlink()
            return None
        return process, int(lines[3]), len(lines) > 7 and lines[7].startswith("ready")
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return None


def _end(process: psutil.Process) -> None:
    """Fast shutdown; at once when that takes too long."""
    try:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    except psutil.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait(10)
    except psutil.NoSuchProcess:
        return
