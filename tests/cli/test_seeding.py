"""What `tocsin up` finds in a database that people have worked in since."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from cli.credentials import Connection, connected, list_keys
from cli.embedded.postgres import EmbeddedPostgres
from cli.seeding import EMAIL_CHANNEL, seed_development
from models.migrations import upgrade
from models.sealing import Sealer
from models.tables.channels import seal_purpose

FIRST = "the-first-master-secret"
SECOND = "the-second-master-secret"


@pytest.fixture
def url(postgres: EmbeddedPostgres) -> str:
    name = f"seeded_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # our own name
    url = postgres.url.rsplit("/", 1)[0] + f"/{name}"
    upgrade(url)
    seed_development(url, FIRST, 1025)
    return url


def mail_settings(connection: Connection) -> tuple[str, Any]:
    row = connection.execute(
        "SELECT environment_id, provider_settings FROM channel_settings WHERE channel_id = %s",
        (EMAIL_CHANNEL,),
    ).fetchone()
    assert row
    purpose = seal_purpose(EMAIL_CHANNEL, row["environment_id"])
    return purpose, Sealer(FIRST).open(row["provider_settings"], purpose)


def test_a_revoked_development_key_stays_revoked_under_another_master_secret(url: str) -> None:
    with connected(url) as connection:
        connection.execute("UPDATE api_keys SET revoked_at = now() WHERE kind = 'service'")

    seed_development(url, SECOND, 1025)

    with connected(url) as connection:
        live = [row["kind"] for row in list_keys(connection) if row["revoked_at"] is None]
    assert sorted(live) == ["public", "public", "secret", "secret"]


def test_the_port_of_our_own_mailbox_follows(url: str) -> None:
    seed_development(url, FIRST, 2025, {1025})
    with connected(url) as connection:
        assert mail_settings(connection)[1] == {"host": "127.0.0.1", "port": 2025, "tls": "none"}


@pytest.mark.parametrize("changed", [{"port": 2500}, {"username": "me", "password": "x"}])
def test_somebodys_own_mail_server_on_this_machine_stays(url: str, changed: dict[str, Any]) -> None:
    with connected(url) as connection:
        purpose, known = mail_settings(connection)
        own = known | changed
        connection.execute(
            "UPDATE channel_settings SET provider_settings = %s WHERE channel_id = %s",
            (Sealer(FIRST).seal(own, purpose), EMAIL_CHANNEL),
        )

    seed_development(url, FIRST, 2025, {1025})

    with connected(url) as connection:
        assert mail_settings(connection)[1] == own
