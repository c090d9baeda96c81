import os
from pathlib import Path

import pytest

from cli.embedded.postgres import EmbeddedPostgres
from cli.errors import CommandError
from cli.state import StateFolder


def test_a_second_up_on_the_same_folder_is_refused_naming_the_first(tmp_path: Path) -> None:
    first = StateFolder(tmp_path)
    first.hold()
    with pytest.raises(CommandError, match=rf"already runs on {tmp_path} \(pid {os.getpid()}\)"):
        StateFolder(tmp_path).hold()
    first.release()
    second = StateFolder(tmp_path)
    second.hold()
    second.release()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="--home / TOCSIN_HOME"):
        StateFolder(tmp_path / "file" / "home").hold()


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    key = StateFolder(tmp_path).secret_key()
    assert len(key) >= 40
    assert StateFolder(tmp_path).secret_key() == key
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


def test_forgetting_removes_what_an_instance_made_and_nothing_else(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    key = state.secret_key()
    postgres = EmbeddedPostgres(tmp_path, 0)
    postgres.start()
    (tmp_path / "my-notes.txt").write_text("mine")

    state.forget()

    assert [path.name for path in tmp_path.iterdir()] == ["my-notes.txt"]
    assert not postgres.alive()
    assert state.secret_key() != key
