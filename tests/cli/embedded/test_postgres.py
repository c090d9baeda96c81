import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cli.embedded.ports import free_port
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.postgres_place import recorded_root
from cli.errors import CommandError


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(tmp_path / "home", 0)
    yield postgres
    postgres.remove()


def test_it_keeps_its_rows_when_the_postmaster_is_killed(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    with psycopg.connect(postgres.url) as connection:
        connection.execute("create table kept as select 42 as answer")

    os.kill(postgres.pid, signal.SIGKILL)
    postgres.start()

    with psycopg.connect(postgres.url) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)


def test_a_server_that_a_dead_owner_left_is_adopted_on_its_port_and_else_moved(
    postgres: EmbeddedPostgres,
) -> None:
    postgres.start()
    heir = EmbeddedPostgres(postgres.home, postgres.port)
    heir.start()
    assert heir.pid == postgres.pid
    assert heir.url == postgres.url

    mover = EmbeddedPostgres(postgres.home, free_port())
    mover.start()
    assert not heir.alive()
    with psycopg.connect(mover.url) as connection:
        assert connection.execute("show port").fetchone() == (str(mover.port),)
    mover.stop()


def test_it_wants_a_password_and_keeps_it_from_others(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    assert (postgres.home / "postgres.password").stat().st_mode & 0o077 == 0
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://tocsin:guess@127.0.0.1:{postgres.port}/tocsin")


def test_a_port_in_use_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        postgres = EmbeddedPostgres(tmp_path / "home", taken.getsockname()[1])
        with pytest.raises(CommandError, match=r"in use .* --postgres-port / TOCSIN_POSTGRES_PORT"):
            postgres.start()
        postgres.remove()


def test_a_broken_data_folder_is_named_with_the_way_out(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    data = recorded_root(postgres.home) / "data"
    (data / "global" / "pg_control").write_bytes(b"nonsense")

    with pytest.raises(CommandError, match="tocsin up --reset") as refused:
        postgres.start()

    assert str(data) in str(refused.value)


def test_a_stale_record_of_a_process_number_given_to_another_is_no_obstacle(
    postgres: EmbeddedPostgres,
) -> None:
    postgres.start()
    record = recorded_root(postgres.home) / "data" / "postmaster.pid"
    lines = record.read_text().splitlines()
    postgres.kill()
    record.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    postgres.start()

    assert postgres.alive()


def test_a_home_made_anew_where_one_was_deleted_starts_afresh(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for _ in range(2):
        postgres = EmbeddedPostgres(home, 0)
        postgres.start()
        with psycopg.connect(postgres.url) as connection:
            connection.execute("create table fresh as select 1")
        postgres.stop()
        shutil.copytree(home, tmp_path / "copy", dirs_exist_ok=True)
        shutil.rmtree(home)
    root = recorded_root(tmp_path / "copy")

    EmbeddedPostgres(tmp_path / "copy", 0).remove()
    EmbeddedPostgres(home, 0).remove()
    assert not root.exists()
