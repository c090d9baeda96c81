import os
import subprocess
import sys

import pytest

from api.process import NotStarted, refuse_development_keys
from api.settings import ApiSettings
from cli.embedded.ports import free_port
from models.database import Database
from models.ids import new_uuid
from tests.houses import SECRET


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TOCSIN_", "DATABASE_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "api"], env=kept | environment, capture_output=True, text=True, timeout=60
    )


def test_a_missing_setting_is_named_before_anything_starts() -> None:
    ended = start()
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "tocsin api: the environment is not complete:",
        "  DATABASE_URL: Field required",
        "  TOCSIN_SECRET_KEY: Field required",
    ]


def test_a_database_url_that_cannot_be_read_is_not_repeated() -> None:
    ended = start(DATABASE_URL="a password, without the rest", TOCSIN_SECRET_KEY=SECRET)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[1:] == [
        "  DATABASE_URL: Value error, give it as postgresql://user:password@host:port/name"
    ]


def test_a_database_that_is_away_keeps_an_open_door_shut() -> None:
    url = f"postgresql://app@127.0.0.1:{free_port()}/nothing"
    ended = start(DATABASE_URL=url, TOCSIN_SECRET_KEY=SECRET, TOCSIN_API_HOST="0.0.0.0")
    assert ended.returncode == 1
    assert "the database does not answer" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_development_keys_and_other_machines_do_not_go_together(
    database: Database, settings: ApiSettings
) -> None:
    exposed = settings.model_copy(update={"host": "0.0.0.0"})
    await refuse_development_keys(exposed)
    key_id = new_uuid()
    async with database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO api_keys (id, kind, digest, hint, is_development, inserted_at)
            VALUES (%s, 'service', %s, '', true, now())
            """,
            (key_id, key_id.bytes),
        )
    try:
        with pytest.raises(NotStarted, match=r"TOCSIN_API_HOST=0\.0\.0\.0"):
            await refuse_development_keys(exposed)
    finally:
        async with database.connection() as connection:
            await connection.execute("DELETE FROM api_keys WHERE id = %s", (key_id,))
