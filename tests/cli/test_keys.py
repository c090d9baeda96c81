"""The command as people run it, on a real Postgres; what it makes opens the API's doors."""

import re
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from typer.testing import CliRunner, Result

from api.app import create_app
from api.settings import ApiSettings
from cli.credentials import connected, ensure_environments, list_keys, store_key
from cli.embedded.ports import free_port
from cli.embedded.postgres import EmbeddedPostgres
from cli.main import app
from cli.seeding import seed_development
from models.database import Database
from models.migrations import upgrade
from models.tables.keys import digest_of
from models.values.development import SECRET_KEY
from models.values.kinds import KeyKind
from tests.databases import new_database
from tests.houses import SECRET


def run(url: str | None, *arguments: str, secret: str | None = SECRET) -> Result:
    environment = {"DATABASE_URL": url, "TOCSIN_SECRET_KEY": secret}
    return CliRunner().invoke(app, ["keys", *arguments], env=environment)


def made(url: str, *arguments: str) -> str:
    ended = run(url, "create", *arguments)
    assert ended.exit_code == 0, ended.stderr
    return ended.stdout.removesuffix("\n")


@pytest.fixture(scope="module")
def empty_url(postgres: EmbeddedPostgres) -> str:
    """A database without a schema."""
    return new_database(postgres)


@pytest.fixture(scope="module")
def url(postgres: EmbeddedPostgres) -> str:
    """A migrated database with nothing in it, as a compose instance begins; other tests see none of it."""
    url = new_database(postgres)
    upgrade(url)
    return url


async def status(url: str, key: str, path: str) -> tuple[int, str]:
    database = Database(url, pool_size=1)
    await database.open()
    settings = ApiSettings(database_url=url, secret_key=SECRET)
    transport = httpx.ASGITransport(app=create_app(settings, database=database))
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.test") as client:
        answer = await client.get(path, headers={"authorization": f"Bearer {key}"})
    await database.close()
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        (("--kind", "secret"), r"sk_[\w-]{43}"),
        (("--kind", "public", "--environment", "production"), r"pk_[\w-]{43}"),
        (("--kind", "service"), r"knock_st_[\w-]{43}"),
    ],
)
def test_a_new_key_stands_alone_on_stdout(url: str, arguments: tuple[str, ...], pattern: str) -> None:
    ended = run(url, "create", *arguments)
    key = ended.stdout.removesuffix("\n")
    assert re.fullmatch(pattern, key)
    assert "shown this once" in ended.stderr
    assert key not in ended.stderr


def test_two_keys_are_never_alike(url: str) -> None:
    assert made(url, "--kind", "secret") != made(url, "--kind", "secret")


async def test_a_key_opens_what_its_kind_opens_and_nothing_else(url: str) -> None:
    secret, public, service = (made(url, "--kind", kind) for kind in ("secret", "public", "service"))
    assert await status(url, secret, "/v1/messages") == (200, "")
    assert await status(url, public, "/v1/messages") == (403, "incorrect_token_type")
    assert await status(url, service, "/v1/workflows?environment=production") == (200, "")
    assert await status(url, secret, "/v1/workflows") == (403, "incorrect_token_type")


def test_a_key_belongs_to_the_environment_that_was_named(url: str) -> None:
    keys = {
        made(url, "--kind", "secret"): "development",
        made(url, "--kind", "secret", "--environment", "production"): "production",
        made(url, "--kind", "service"): None,
    }
    with psycopg.connect(url) as connection:
        for key, slug in keys.items():
            found = connection.execute(
                "SELECT e.slug FROM api_keys k LEFT JOIN environments e ON e.id = k.environment_id "
                "WHERE k.digest = %s",
                (digest_of(key, SECRET),),
            ).fetchone()
            assert found == (slug,)


def test_the_environments_are_made_once_also_beside_a_development_instance(url: str) -> None:
    made(url, "--kind", "secret")
    with connected(url) as connection:
        first = ensure_environments(connection)
    seed_development(url, SECRET, 1025)
    with connected(url) as connection:
        rows = connection.execute("SELECT slug FROM environments ORDER BY position").fetchall()
        assert ensure_environments(connection) == first
        # Others start without keys that everyone knows.
        connection.execute("DELETE FROM api_keys WHERE is_development")
    assert [row["slug"] for row in rows] == ["development", "production"]


def test_the_list_tells_everything_but_the_key(url: str) -> None:
    key = made(url, "--kind", "public", "--environment", "production")
    ended = run(url, "list", secret=None)
    assert ended.exit_code == 0
    head, *lines = ended.stdout.splitlines()
    assert head.split() == ["id", "kind", "environment", "hint", "inserted", "expires", "revoked"]
    key_id, kind, environment, hint, inserted, expires, revoked = lines[-1].split()
    assert (kind, environment, hint) == ("public", "production", key[-4:])
    assert UUID(key_id)
    assert re.match(r"\d{4}-\d\d-\d\dT", inserted)
    assert (expires, revoked) == ("-", "-")
    assert key not in ended.stdout


def test_the_list_points_at_keys_that_everyone_knows(url: str) -> None:
    with connected(url) as connection:
        store_key(connection, SECRET_KEY, KeyKind.SECRET, None, SECRET, is_development=True)
    assert run(url, "list").stdout.splitlines()[-1].endswith("everyone knows it")
    with connected(url) as connection:
        connection.execute("DELETE FROM api_keys WHERE is_development")


@pytest.mark.parametrize("by_id", [True, False])
async def test_a_revoked_key_is_refused_from_the_next_request_on(url: str, by_id: bool) -> None:
    key = made(url, "--kind", "secret")
    assert await status(url, key, "/v1/messages") == (200, "")
    key_id = run(url, "list").stdout.splitlines()[-1].split()[0]
    ended = run(url, "revoke", key_id if by_id else key[-4:], secret=None)
    assert (ended.exit_code, ended.stdout) == (0, f"the secret key …{key[-4:]} of development is revoked\n")
    assert await status(url, key, "/v1/messages") == (401, "authentication_required")


def test_revoking_twice_keeps_the_first_time(url: str) -> None:
    made(url, "--kind", "service")
    key_id = run(url, "list").stdout.splitlines()[-1].split()[0]
    run(url, "revoke", key_id)
    first = run(url, "list").stdout.splitlines()[-1].split()[-1]
    again = run(url, "revoke", key_id)
    assert again.exit_code == 0
    assert f"was revoked at {first} already" in again.stdout


@pytest.mark.parametrize("hint", ["-aB_", "--a-", "_--h"])
def test_a_hint_that_looks_like_an_option_is_a_hint(url: str, hint: str) -> None:
    with connected(url) as connection:
        store_key(connection, f"sk_{uuid4().hex}{hint}", KeyKind.SECRET, None, SECRET)
    ended = run(url, "revoke", hint)
    assert (ended.exit_code, f"…{hint}" in ended.stdout) == (0, True)


def test_a_hint_of_two_keys_revokes_neither_and_names_both(url: str) -> None:
    with connected(url) as connection:
        for _ in range(2):
            store_key(connection, f"sk_{uuid4().hex}twin", KeyKind.SECRET, None, SECRET)
    ended = run(url, "revoke", "twin")
    with connected(url) as connection:
        twins = [row for row in list_keys(connection) if row["hint"] == "twin"]
    assert ended.exit_code == 1
    assert [row["revoked_at"] for row in twins] == [None, None]
    assert all(str(row["id"]) in ended.stderr for row in twins)


@pytest.mark.parametrize("name", ["nope", "0198c0de-0000-7000-8000-000000000000"])
def test_a_key_that_is_not_there_cannot_be_revoked(url: str, name: str) -> None:
    ended = run(url, "revoke", name)
    assert ended.exit_code == 1
    assert f'"{name}"' in ended.stderr
    assert "tocsin keys list" in ended.stderr


@pytest.mark.parametrize("variable", ["DATABASE_URL", "TOCSIN_SECRET_KEY"])
@pytest.mark.parametrize("value", ["", None])
def test_a_missing_variable_is_named(url: str, variable: str, value: str | None) -> None:
    given = {"url": url, "secret": SECRET, "url" if variable == "DATABASE_URL" else "secret": value}
    ended = run(given["url"], "create", "--kind", "secret", secret=given["secret"])
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"tocsin keys: set {variable}: ")


@pytest.mark.parametrize(
    ("arguments", "secret", "told"),
    [
        (("--kind", "secret"), "too short", "at least 16 characters"),
        (("--kind", "secret", "--environment", "staging"), SECRET, "they are development, production"),
        (("--kind", "service", "--environment", "production"), SECRET, "leave out --environment"),
    ],
)
def test_what_cannot_be_meant_makes_no_key(
    url: str, arguments: tuple[str, ...], secret: str, told: str
) -> None:
    with connected(url) as connection:
        before = list_keys(connection)
    ended = run(url, "create", *arguments, secret=secret)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert told in ended.stderr
    with connected(url) as connection:
        assert list_keys(connection) == before


def test_a_kind_that_is_none_is_answered_with_those_there_are(url: str) -> None:
    ended = run(url, "create", "--kind", "admin")
    assert ended.exit_code == 2
    assert all(kind in ended.stderr for kind in ("secret", "public", "service"))


def test_a_database_without_a_schema_says_what_to_run(empty_url: str) -> None:
    ended = run(empty_url, "list")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "tocsin db upgrade" in ended.stderr


def test_a_database_that_is_away_is_told_without_a_traceback() -> None:
    ended = run(f"postgresql://app@127.0.0.1:{free_port()}/nothing", "list")
    assert ended.exit_code == 1
    assert "the database does not answer; check DATABASE_URL" in ended.stderr
