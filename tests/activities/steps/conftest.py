"""What tests of single steps stand on."""

import pytest

from activities.versions import Versions
from models.database import Database
from tests.activities.steps.sending import Desk
from tests.environments import TestEnvironment
from tests.houses import SEALER
from tests.stepping import Bench


@pytest.fixture
def bench(database: Database, environment: TestEnvironment) -> Bench:
    return Bench(database, environment)


@pytest.fixture
def versions() -> Versions:
    return Versions(SEALER)


@pytest.fixture
def desk(database: Database, environment: TestEnvironment) -> Desk:
    return Desk(database, environment)
