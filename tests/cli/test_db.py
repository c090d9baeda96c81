"""`tocsin db upgrade` as people run it, on a real Postgres."""

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from cli.embedded.ports import LOOPBACK, free_port
from cli.embedded.postgres import EmbeddedPostgres
from cli.main import app
from tests.databases import new_database


def upgraded(url: str) -> Result:
    return CliRunner().invoke(app, ["db", "upgrade"], env={"DATABASE_URL": url})


@pytest.mark.parametrize("form", ["postgresql://", "postgres://", "words"])
def test_a_database_is_named_in_whichever_form_libpq_reads(postgres: EmbeddedPostgres, form: str) -> None:
    url = new_database(postgres)
    given = url.replace("postgresql://", form)
    if form == "words":
        given = psycopg.conninfo.make_conninfo(url, application_name="tests")

    assert upgraded(given).exit_code == 0
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("hunter2 at my database", "DATABASE_URL cannot be read: give it as postgresql://"),
        ("postgresql://app:hunter@2@db/tocsin", "in a password write @ as %40"),
        ("postgresql://app:hunter2@db/tocsin?connect_timeout=soon", "DATABASE_URL cannot be read"),
    ],
)
@pytest.mark.parametrize("command", [("db", "upgrade"), ("keys", "list"), ("mailbox",)])
def test_a_database_that_is_not_named_is_told_how_to_without_its_password(
    command: tuple[str, ...], url: str, told: str, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": url, "TOCSIN_HOME": str(tmp_path)}
    ended = CliRunner().invoke(app, list(command), env=given)
    assert ended.exit_code == 1
    assert told in ended.stderr
    assert "2@db" not in ended.stderr
    assert "hunter2" not in ended.stderr


def test_an_upgrade_of_no_database_says_what_to_set() -> None:
    ended = upgraded("")
    assert ended.exit_code == 1
    assert "set DATABASE_URL, e.g. postgresql://" in ended.stderr


def test_a_database_that_is_away_is_told_without_a_traceback() -> None:
    ended = upgraded(f"postgresql://app@{LOOPBACK}:{free_port()}/nothing")
    assert ended.exit_code == 1
    assert "the database does not answer; check DATABASE_URL" in ended.stderr
