"""What the journeys with Knock's own programs need: Node, and the packages of package-lock.json."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from models.database import Database
from models.sealing import Sealer
from tests.development import as_development
from tests.environments import TestEnvironment, make_environment
from tests.eventually import PATIENCE_SECONDS
from tests.houses import SECRET, House
from tests.knock_cli.programs import PACKAGES, KnockCli

MISSING = "Knock's CLI is not installed: `sh requirements/node_packages.sh` installs it where Node is"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips, or under .ci/run fails, what is marked `node` where there is none."""
    if item.get_closest_marker("node") is None:
        return
    if shutil.which("node") and (PACKAGES / "@knocklabs" / "cli").is_dir():
        return
    if os.environ.get("TOCSIN_TESTS_LACK_NOTHING"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)


@dataclass(frozen=True)
class Account:
    """An account as a newcomer has it: development, and production after it."""

    development: TestEnvironment
    production: TestEnvironment


PLACE = "UPDATE environments SET position = %s, slug = %s WHERE id = %s"


@pytest.fixture
async def account(database: Database, house: House, environment: TestEnvironment) -> AsyncIterator[Account]:
    """Other tests' environments stand before these two."""
    after = await make_environment(database, Sealer(SECRET), house.mailbox.port)
    async with as_development(database, environment) as development:
        async with database.connection() as connection:
            await connection.execute(PLACE, (9000, development.slug, development.id))
            await connection.execute(PLACE, (9001, "production", after.id))
        yield Account(development, replace(after, slug="production"))
        async with database.connection() as connection:
            await connection.execute(PLACE, (5, after.slug, after.id))
            await connection.execute(PLACE, (5, development.slug, development.id))


@pytest.fixture
def knock_cli(house: House, account: Account, tmp_path: Path) -> KnockCli:
    """The CLI in an empty folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    return KnockCli(folder, tmp_path / "home", house.url, account.development.service_token)


@pytest.fixture
async def api(house: House, account: Account) -> AsyncIterator[httpx.AsyncClient]:
    """Our own routes, with the same token."""
    headers = {"authorization": f"Bearer {account.development.service_token}"}
    async with httpx.AsyncClient(base_url=house.url, headers=headers, timeout=PATIENCE_SECONDS) as client:
        yield client
