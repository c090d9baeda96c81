"""`tocsin db upgrade` as people run it, on a real Postgres."""

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
        ("", "set DATABASE_URL, e.g. postgresql://"),
        ("my database", "DATABASE_URL cannot be read: give it as postgresql://"),
    ],
)
def test_a_database_that_is_not_named_is_told_how_to(url: str, told: str) -> None:
    ended = upgraded(url)
    assert ended.exit_code == 1
    assert told in ended.stderr


def test_a_database_that_is_away_is_told_without_a_traceback() -> None:
    ended = upgraded(f"postgresql://app@{LOOPBACK}:{free_port()}/nothing")
    assert ended.exit_code == 1
    assert "the database does not answer; check DATABASE_URL" in ended.stderr
