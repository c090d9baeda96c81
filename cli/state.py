"""The state folder of `tocsin up`: its lock, its secret key, and forgetting it."""

import fcntl
import os
import secrets
import shutil
from pathlib import Path
from typing import TextIO

from cli.embedded.postgres import EmbeddedPostgres
from cli.errors import CommandError

# Only what we made is ever removed: a mistaken TOCSIN_HOME must not cost a person's files.
_FOLDERS = ("mailbox", "logs", "run")
_FILES = ("secret.key", "smtp.ports", "temporal.db", "temporal.db-wal", "temporal.db-shm")

_FIRST_SMTP_PORT = 1025
"""Where the mailbox was, most likely, before ports were written down."""


class StateFolder:
    """One instance's folder, held by at most one `tocsin up`."""

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()
        self._lock: TextIO | None = None

    def hold(self) -> None:
        """Make the folder, and take it for this process until it ends, however it ends.

        Raises:
            CommandError: another `tocsin up` holds it, or the folder cannot be written.
        """
        file = self.home / "up.lock"
        try:
            # Run by root, Postgres must be able to pass.
            self.home.mkdir(mode=0o755 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            self._lock = file.open("a+")
        except OSError as error:
            raise CommandError(
                f"the state folder {self.home} cannot be used: {error.strerror}. "
                "Choose another with --home / TOCSIN_HOME, or make it yours."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            holder = self._lock.read().strip()
            self.release()
            raise CommandError(
                f"`tocsin up` already runs on {self.home} (pid {holder}); stop that one with Ctrl-C, "
                "or start a second with --home and other ports"
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()

    def release(self) -> None:
        """Let another `tocsin up` take the folder."""
        if self._lock:
            self._lock.close()
            self._lock = None

    def forget(self) -> None:
        """Remove everything an instance keeps, also what lies outside the folder; hold it first."""
        EmbeddedPostgres(self.home, 0).remove()
        for name in _FOLDERS:
            shutil.rmtree(self.home / name, ignore_errors=True)
        for name in _FILES:
            (self.home / name).unlink(missing_ok=True)

    def secret_key(self) -> str:
        """The master secret of this instance, made once, readable by its owner only."""
        file = self.home / "secret.key"
        if not file.exists():
            unfinished = file.with_suffix(".unfinished")
            unfinished.unlink(missing_ok=True)
            unfinished.touch(mode=0o600)
            unfinished.write_text(secrets.token_urlsafe(32) + "\n")
            unfinished.replace(file)
        key = file.read_text().strip()
        if not key:
            raise CommandError(f"{file} is empty; restore it, or forget everything with `tocsin up --reset`")
        return key

    def smtp_ports(self, current: int) -> set[int]:
        """Every port that the mailbox of this folder ever had, with the one it is about to have."""
        file = self.home / "smtp.ports"
        known = set(map(int, file.read_text().split())) if file.exists() else {_FIRST_SMTP_PORT}
        if current not in known:
            known.add(current)
            file.write_text("\n".join(map(str, sorted(known))) + "\n")
        return known
