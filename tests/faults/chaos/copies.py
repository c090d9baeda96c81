"""Backups of one side, made while the other side and the load go on, and put back as an operator would."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg

from cli.embedded.postgres_place import find_place
from tests.faults.stack import Stack


def copy_postgres(stack: Stack, folder: Path) -> Path:
    """`pg_dump`: all tables as of the moment it begins."""
    copy = folder / "postgres.dump"
    _run(stack, "pg_dump", "--format=custom", f"--file={copy}", stack.postgres.url)
    return copy


def put_postgres_back(stack: Stack, copy: Path) -> None:
    """Into an empty database of the same name; API and worker are stopped."""
    server, name = stack.postgres.url.rsplit("/", 1)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    _run(stack, "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={stack.postgres.url}", str(copy))


def copy_temporal(stack: Stack, folder: Path) -> Path:
    """SQLite's own backup of the open database, as `sqlite3 temporal.db '.backup …'` makes it."""
    copy = folder / "temporal-copy.db"
    with closing(sqlite3.connect(_database(stack))) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def put_temporal_back(stack: Stack, copy: Path) -> None:
    """With the server stopped. What its log still held belongs to the database that goes."""
    database = _database(stack)
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    shutil.copy(copy, database)


def lose_unsynced(stack: Stack) -> int:
    """As a power cut does at worst with `synchronous=1`: SQLite's log since its last checkpoint."""
    log = _database(stack).with_name("temporal.db-wal")
    lost = log.stat().st_size
    log.unlink()
    return lost


def _database(stack: Stack) -> Path:
    return stack.temporal.home / "temporal.db"


def _run(stack: Stack, program: str, *words: str) -> None:
    binaries = find_place(stack.postgres.home).binaries
    subprocess.run([str(binaries / program), *words], check=True)
